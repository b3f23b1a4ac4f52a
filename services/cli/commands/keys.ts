import { SCOPES } from '../../core/api/scopes.ts';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export const addKeys: AddCommand = (parent, finish) => {
  const keys = parent
    .command('keys')
    .description('the keys that tokens, pseudonyms, dead letters and checkpoints are made with');
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
  keys
    .command('public')
    .description('print the public key of the "checkpoint" key (PEM), which is enough to check signed checkpoints')
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (options: { keys?: string; config?: string }) =>
        (await import('../keys.main.ts')).keysPublic(options),
      ),
    )
    .addHelpText('after', examples(['lethe keys public > checkpoint.pem']));
  keys
    .command('rewrap')
    .description(
      'wrap every data key by the highest version of "data_key" (or of the key in Vault); values stay as they are',
    )
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (options: { keys?: string; config?: string }) =>
        (await import('../keys-rewrap.main.ts')).keysRewrap(options),
      ),
    )
    .addHelpText(
      'after',
      examples(['lethe keys rewrap   # after "data_key@2" was added everywhere; then "data_key" may be removed']),
    );
  keys
    .command('token <name>')
    .description('make a token of the control API: printed once, with the line of the tokens file that lets it in')
    .requiredOption('--scope <scope...>', `what it may: ${SCOPES.join(', ')}`)
    .action(
      finish(async (name: string, options: { scope: readonly string[] }) =>
        (await import('../keys.main.ts')).keysToken(name, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe keys token preference-centre --scope consents:read consents:write',
        'lethe keys token cmp --scope consents:write 2>> tokens.yaml',
      ]),
    );
};
