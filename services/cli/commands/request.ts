import { Option } from 'commander';
import { REQUEST_TYPES, type RequestType } from '../../core/requests/request.ts';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

type Shared = { readonly config?: string };
type Format = { readonly format: 'text' | 'json' };

export type CreateRequestOptions = Shared &
  Format & {
    readonly type: RequestType;
    readonly regime: string;
    readonly deadline?: string;
    readonly purpose?: string;
    readonly consents?: string;
    readonly record?: string;
    readonly route?: string;
    readonly callback?: readonly string[];
    readonly run?: true;
  };
export type ListRequestsOptions = Shared & Format & { readonly open?: true };
export type ShowRequestOptions = Shared & Format;
export type RunRequestsOptions = Shared &
  Format & { readonly wait?: string; readonly record?: string; readonly route?: string };
export type ReportOptions = Shared & { readonly format: 'json' | 'html' };
export type ReceiptOptions = Shared & { readonly check?: true; readonly publicKey?: string[]; readonly keys?: string };

const FORMAT = (): Option => new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text');

const RECORD = [
  '--record <file>',
  'of a rectification: the corrected raw record; published where records of the subject are, and kept nowhere else',
] as const;
const ROUTE = ['--route <route>', 'of --record: whose policy decides; may be left out where there is one'] as const;

export const addRequest: AddCommand = (parent, finish) => {
  const request = parent.command('request').description('requests of subjects: erasure, access, objection and others');
  request
    .command('create')
    .description('receive a request; what it needs is worked out now, and the subject id is then forgotten')
    .argument('<subject>', 'subject id as it stands in the records; - reads it from stdin')
    .addOption(new Option('--type <type>', 'what is asked for').choices(REQUEST_TYPES).makeOptionMandatory())
    .addOption(new Option('--regime <regime>', 'the law that it is made under').default('gdpr'))
    .option('--deadline <time>', 'to be completed before: P30D, or RFC 3339; default: LETHE_REQUEST_DEADLINES')
    .option('--purpose <purpose>', 'of an objection: to this purpose alone')
    .option('--consents <file>', 'of a rectification: the corrected consent events, one JSON object a line')
    .option(...RECORD)
    .option(...ROUTE)
    .addOption(
      new Option(
        '--callback <url>',
        'told of each change by "lethe control", may be given up to 5 times; of hosts in LETHE_CALLBACK_HOSTS',
      ).argParser((url, before?: readonly string[]) => [...(before ?? []), url]),
    )
    .option('--run', 'carry it out at once')
    .addOption(FORMAT())
    .option(...CONFIG_FLAG)
    .action(
      finish(async (subject: string, options: CreateRequestOptions) =>
        (await import('../request.main.ts')).requestCreate(subject, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe request create --type erasure cust-1 --run',
        'lethe request create --type opt_out_of_sale --regime ccpa cust-1',
        'lethe request create --type objection --purpose marketing cust-1',
        'lethe request create --type rectification cust-1 --record record.json --route customer-events --run',
      ]),
    );
  request
    .command('list')
    .description('requests, their state and deadlines')
    .option('--open', 'those that are not at their end')
    .addOption(FORMAT())
    .option(...CONFIG_FLAG)
    .action(finish(async (options: ListRequestsOptions) => (await import('../request.main.ts')).requestList(options)))
    .addHelpText('after', examples(['lethe request list --open']));
  request
    .command('show')
    .description('one request: its steps, and what it waits for')
    .argument('<id>', 'as create printed it')
    .addOption(FORMAT())
    .option(...CONFIG_FLAG)
    .action(
      finish(async (id: string, options: ShowRequestOptions) =>
        (await import('../request.main.ts')).requestShow(id, options),
      ),
    )
    .addHelpText('after', examples(['lethe request show 3f0c… --format json']));
  request
    .command('run')
    .description('carry open requests out; exit 1 where one has to wait. "lethe control" does the same by itself')
    .argument('[id]', 'this one alone')
    .option('--wait <duration>', 'how long a step may wait for workers and the consent view', 'PT1M')
    .option(...RECORD)
    .option(...ROUTE)
    .addOption(FORMAT())
    .option(...CONFIG_FLAG)
    .action(
      finish(async (id: string | undefined, options: RunRequestsOptions) =>
        (await import('../request.main.ts')).requestRun(id, options),
      ),
    )
    .addHelpText(
      'after',
      `
It may be killed at any moment and started again, and run beside another one: what is done twice comes to the same.
${examples(['lethe request run', 'lethe request run 3f0c… --wait PT10S'])}`,
    );
  request
    .command('cancel')
    .description('take a request back, as long as nothing was done for it')
    .argument('<id>', 'as create printed it')
    .addOption(FORMAT())
    .option(...CONFIG_FLAG)
    .action(
      finish(async (id: string, options: ShowRequestOptions) =>
        (await import('../request.main.ts')).requestCancel(id, options),
      ),
    )
    .addHelpText('after', examples(['lethe request cancel 3f0c…']));
  request
    .command('report')
    .description('what Lethe knows of the subject of an access request: consents, decisions; no values')
    .argument('<id>', 'of an access request')
    .addOption(new Option('--format <format>', 'how to print').choices(['json', 'html']).default('json'))
    .option(...CONFIG_FLAG)
    .action(
      finish(async (id: string, options: ReportOptions) =>
        (await import('../request.main.ts')).requestReport(id, options),
      ),
    )
    .addHelpText('after', examples(['lethe request report 3f0c… --format html > report.html']));
  request
    .command('receipt')
    .description('the signed receipt of a completed request; with --check whether one is what was signed')
    .argument('<id>', 'of the request; with --check a file that holds the receipt')
    .option('--check', 'check a receipt, with the public key alone and no server')
    .option('--public-key <file...>', 'public keys to check with; default: those of the keys file')
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (id: string, options: ReceiptOptions) =>
        (await import('../request.main.ts')).requestReceipt(id, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe request receipt 3f0c… > receipt.json',
        'lethe request receipt receipt.json --check --public-key public.pem',
      ]),
    );
};
