/** Settings for a command: what it needs, or every problem at once and exit 78. */
import { formatSettingProblems, type Need, readSettings, type Settings } from '../adapters/config/settings.ts';
import { LetheError } from '../core/errors.ts';

export function commandSettings<N extends Need>(
  options: { readonly config?: string },
  needs: readonly N[],
  wants: readonly Need[] = [],
): Settings<N> {
  const result = readSettings({ env: process.env, file: options.config, needs, wants });
  if (!result.ok) {
    throw new LetheError(
      'invalid_config',
      `these settings cannot be used:\n${formatSettingProblems(result.problems)}`.trimEnd(),
    );
  }
  if (result.warnings.length > 0) process.stderr.write(formatSettingProblems(result.warnings));
  return result.settings;
}
