import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export const addPush: AddCommand = (parent, finish) => {
  parent
    .command('push')
    .description('check a configuration, make it the active bundle for all workers, print its digest')
    .argument('<dir>', 'folder with taxonomy.yaml, purposes.yaml, regimes.yaml and policies/')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (dir: string, options: { config?: string }) => (await import('../push.main.ts')).push(dir, options)),
    )
    .addHelpText('after', examples(['lethe push config']));
};
