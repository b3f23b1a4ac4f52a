import { LetheError } from '../core/errors.ts';
import { breachesOf, breachText } from '../core/policy/guard-breaches.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { SchemaRegistry } from '../core/ports.ts';
import { formatPosition } from '../core/policy/report.ts';
import { readVersion } from '../core/prove/schema-version.ts';

/**
 * Holds the guards against every registered version of the raw schemas: what the tags of one declare, compiling has not
 * seen. Workers would drop what breaks a guard; whoever pushes had better know.
 *
 * @throws LetheError `invalid_config` where a version breaks a guard; `unavailable`.
 */
export async function checkGuards(
  compiled: CompiledBundle,
  registry: SchemaRegistry,
  subjectOf: (topic: string) => string,
): Promise<void> {
  if (compiled.guards.length === 0) return;
  const findings = new Map<string, number[]>();
  for (const route of compiled.routes) {
    // Without tags no version declares anything.
    if (route.tags === null) continue;
    const subject = subjectOf(route.topic);
    for (const { id, schema } of await registry.versions(subject)) {
      const version = readVersion(route, schema);
      for (const breach of version === null ? [] : breachesOf(version.plan)) {
        const where = breach.position === null ? route.name : formatPosition(breach.position);
        const text = `${where} guard-broken ${breachText(breach, [`\`${breach.path}\` of ${subject}`])}`;
        findings.set(text, [...(findings.get(text) ?? []), id]);
      }
    }
  }
  if (findings.size === 0) return;
  const lines = [...findings].map(([text, ids]) => `  ${text} (schema id ${ids.join(', ')})`);
  throw new LetheError('invalid_config', `registered schemas break guards:\n${lines.join('\n')}`, {
    fix: 'Have these fields dropped, or in a form that the guard allows; "lethe prove DIR" shows what each version lets out.',
  });
}
