import { Option } from 'commander';
import { type AddCommand, examples } from '../command.ts';

export type LintOptions = { readonly format: 'text' | 'json' | 'sarif' | 'github' };

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
    .action(finish(async (dir: string, options: LintOptions) => (await import('../lint.main.ts')).lint(dir, options)))
    .addHelpText('after', examples(['lethe lint config', 'lethe lint config --format github']));
};
