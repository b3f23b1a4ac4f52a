import { Option } from 'commander';
import { type Acceptable, ACCEPTABLE } from '../../core/audit/verify-finding.ts';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type VerifyFlags = {
  readonly in?: string;
  readonly auditTopic?: string;
  readonly checkpoints?: string;
  readonly sign?: boolean;
  readonly accept?: readonly Acceptable[];
  readonly full?: boolean;
  readonly publicKey?: readonly string[];
  readonly expectCheckpoint?: string;
  readonly keys?: string;
  readonly againstRaw?: boolean;
  readonly export?: string;
  readonly format: 'text' | 'json';
  readonly config?: string;
};

export const addVerify: AddCommand = (parent, finish) => {
  parent
    .command('verify')
    .description('prove that the audit is complete and unaltered: its chains, every offset once, its checkpoints')
    .option('--in <file>', 'an exported audit (JSON lines, as replay and --export write them) instead of the topic')
    .option('--audit-topic <name>', 'the topic to read (default: lethe.audit)')
    .option('--against-raw', 'compare with the raw topics and with the positions of the consumer group too')
    .option('--checkpoints <file>', 'signed checkpoints: check them, and go on from the last one')
    .option('--full', 'read all again, and hold it against the last checkpoint')
    .option('--public-key <file...>', 'who may have signed; default: the "checkpoint" key of the keys file')
    .option(
      '--expect-checkpoint <hash>',
      'a checkpoint that must be in the file, by the hash printed when it was signed',
    )
    .option('--sign', 'where nothing is wrong, append a checkpoint signed with the "checkpoint" key')
    .addOption(
      new Option('--accept <kind...>', 'sign in spite of these findings; the checkpoint names them').choices(
        ACCEPTABLE,
      ),
    )
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .option('--export <file>', 'write the segments that are read to a file that --in takes')
    .addOption(new Option('--format <format>', 'the report on stdout').choices(['text', 'json']).default('text'))
    .option(...CONFIG_FLAG)
    .action(finish(async (flags: VerifyFlags) => (await import('../verify.main.ts')).verify(flags)))
    .addHelpText(
      'after',
      examples([
        'lethe verify --against-raw',
        'lethe verify --checkpoints checkpoints.jsonl --sign',
        'lethe verify --in audit.jsonl --checkpoints checkpoints.jsonl --public-key checkpoint.pem',
      ]),
    );
};
