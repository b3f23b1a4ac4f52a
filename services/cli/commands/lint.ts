import { Option } from 'commander';
import { type AddCommand, examples } from '../command.ts';

export type LintOptions = {
  readonly format: 'text' | 'json' | 'sarif' | 'github';
  readonly denyWarnings?: boolean;
};

const ABOUT = `
A warning that is meant is acknowledged in the file, on its line or above it, with a reason:
  # lethe-ignore: CODE REASON
One that acknowledges nothing is a warning itself.`;

export const addLint: AddCommand = (parent, finish) => {
  parent
    .command('lint')
    .description('report every problem of a configuration as file:line:col code message')
    .argument('<dir>', 'configuration folder')
    .addOption(
      new Option('--format <format>', 'how findings are printed')
        .choices(['text', 'json', 'sarif', 'github'])
        .default('text'),
    )
    .option('--deny-warnings', 'exit 1 for warnings too')
    .action(finish(async (dir: string, options: LintOptions) => (await import('../lint.main.ts')).lint(dir, options)))
    .addHelpText(
      'after',
      `${ABOUT}\n${examples(['lethe lint config', 'lethe lint config --deny-warnings --format github'])}`,
    );
};
