import { type AddCommand, examples } from '../command.ts';

export const addKeys: AddCommand = (parent, finish) => {
  const keys = parent.command('keys').description('the keys that tokens, pseudonyms and dead letters are made with');
  keys
    .command('generate')
    .description('make a new keys file; without --out it is printed')
    .option('--out <file>', 'write it there, readable by its owner only')
    .option('--force', 'overwrite an existing file: what was made with the old keys can no longer be matched')
    .action(
      finish(async (options: { out?: string; force?: boolean }) =>
        (await import('../keys.main.ts')).keysGenerate(options),
      ),
    )
    .addHelpText('after', examples(['lethe keys generate --out keys.json']));
};
