import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export const addControl: AddCommand = (parent, finish) => {
  parent
    .command('control')
    .description('the consent plane: brings the consent view in Redis up to date with lethe.consent-events')
    .option(...CONFIG_FLAG)
    .action(finish(async (options: { config?: string }) => (await import('../control.main.ts')).control(options)))
    .addHelpText('after', examples(['lethe control', 'LETHE_HTTP_PORT=9465 lethe control']));
};
