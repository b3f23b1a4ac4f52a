import type { Command } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export const addPush: AddCommand = (parent, finish) => {
  const command: Command = parent
    .command('push')
    .description('check a configuration, make it the active bundle for all workers, print its digest')
    .argument('[dir]', 'folder with taxonomy.yaml, purposes.yaml, regimes.yaml and policies/')
    .option('--shadow', 'have workers judge by it beside the active bundle, and publish nothing of it')
    .option('--end-shadow', 'end that; takes no folder')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (dir: string | undefined, options: { config?: string; shadow?: true; endShadow?: true }) => {
        if (options.endShadow === true) {
          if (dir !== undefined || options.shadow === true) {
            return command.error("error: option '--end-shadow' takes neither a folder nor '--shadow'", USAGE);
          }
          return (await import('../push-shadow.main.ts')).end(options);
        }
        if (dir === undefined) return command.error("error: missing required argument 'dir'", USAGE);
        if (options.shadow === true) return (await import('../push-shadow.main.ts')).begin(dir, options);
        return (await import('../push.main.ts')).push(dir, options);
      }),
    )
    .addHelpText('after', examples(['lethe push config', 'lethe push --shadow candidate', 'lethe push --end-shadow']));
};

const USAGE = { exitCode: 64 };
