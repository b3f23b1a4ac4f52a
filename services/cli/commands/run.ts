import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export const addRun: AddCommand = (parent, finish) => {
  parent
    .command('run')
    .description('a worker: consumes the raw topic of every route of the active bundle and publishes its outputs')
    .option(...CONFIG_FLAG)
    .action(finish(async (options: { config?: string }) => (await import('../run.main.ts')).run(options)))
    .addHelpText('after', examples(['lethe run', 'lethe run --config config/gateway.yaml']));
};
