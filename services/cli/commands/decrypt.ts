import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';
import type { DecryptCommand } from '../decrypt.main.ts';

export const addDecrypt: AddCommand = (parent, finish) => {
  parent
    .command('decrypt')
    .description('decrypt what "encrypt" encrypted: values of an output as JSON lines in, the same lines out')
    .requiredOption('--topic <topic>', 'the output that the values come from')
    .option('--purpose <name>', 'decrypt values of this purpose alone')
    .option('--field <path...>', 'decrypt these fields alone, as the policy declares them')
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .option(...CONFIG_FLAG)
    .action(finish(async (options: DecryptCommand) => (await import('../decrypt.main.ts')).decryptValues(options)))
    .addHelpText(
      'after',
      `\nWhat cannot be decrypted stays as it is, and is counted on stderr: values of erased subjects, too.
It needs "data_key_ref" and "data_key" in the keys file (or a Vault), and the Redis that holds the data keys.
With KAFKA_BROKERS set it makes sure that every erasure up to now is in force first.
Exit codes: 0 well; 1 some value was altered, or its key is missing.
${examples([
  'lethe decrypt --topic clean.support.customer-events < values.jsonl',
  'lethe decrypt --topic clean.support.customer-events --purpose support --field customer.email < values.jsonl',
])}`,
    );
};
