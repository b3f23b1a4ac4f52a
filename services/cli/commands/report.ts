import { Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type ReportOptions = {
  readonly from: string;
  readonly to: string;
  readonly format: 'md' | 'json';
  readonly auditTopic?: string;
  readonly in?: string;
  readonly dir?: readonly string[];
  readonly config?: string;
};

const ABOUT = `
The decisions of a period, from --from on and before --to (RFC 3339, or a day: its midnight in UTC), told per purpose
and recipient: what was published, withheld (by reason) and dead-lettered (by code), which categories left in which
form, legal bases, retention, bundles in force, offsets covered. Replayed dead letters are counted apart. A period
without decisions is told as that, and exits 0; exit 1 where records of the audit are altered or cut off, which are
not counted.

What digests in the audit stand for is read from the folders of --dir where they fit, and from Redis (REDIS_URL)
otherwise; a bundle that neither has leaves its purposes and categories unknown. The json is version 1 of what
services/core/report/report-shape.ts says.`;

export const addReport: AddCommand = (parent, finish) => {
  parent
    .command('report')
    .description('the record of processing (GDPR Art. 30) of a period, from the audit')
    .requiredOption('--from <time>', 'the first moment of the period')
    .requiredOption('--to <time>', 'the moment it ends before')
    .addOption(new Option('--format <format>', 'how it is printed').choices(['md', 'json']).default('md'))
    .option('--audit-topic <name>', 'the topic to read (default: lethe.audit)')
    .option('--in <file>', 'an exported audit (JSON lines, as replay and verify --export write them) instead of it')
    .option('--dir <dir...>', 'configuration folders that were in force')
    .option(...CONFIG_FLAG)
    .action(finish(async (options: ReportOptions) => (await import('../report.main.ts')).report(options)))
    .addHelpText(
      'after',
      `${ABOUT}\n${examples([
        'lethe report --from 2026-01-01 --to 2026-04-01',
        'lethe report --from 2026-03-01 --to 2026-04-01 --format json',
        'lethe report --in audit.jsonl --dir config --from 2026-01-01 --to 2027-01-01',
      ])}`,
    );
};
