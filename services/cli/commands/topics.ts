import { type Command, Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type TopicsOptions = {
  readonly format: 'text' | 'json';
  readonly expiryEvery: string;
  readonly config?: string;
};

export type ExpireOptions = { readonly expiryEvery: string; readonly dryRun?: true; readonly config?: string };

const WORST = `
How old a value can get: it is published while younger than the purpose's retention less \`published\`
(purposes.yaml), and may then lie in the topic for \`published\`. Of that Kafka takes
  cleanup.policy=delete    retention.ms, segment.ms (a segment goes once the last record in it is too old) and
                           log.retention.check.interval.ms of the brokers
  compact, compact,delete  the way to the next \`lethe topics expire\`, max.compaction.lag.ms, and
                           log.cleaner.backoff.ms; a segment is compacted only after it was written to again
and what may pass between the decision and the record's timestamp. Fields of a record cannot be deleted one by
one: \`published\` comes off every retention of the purpose, the shortest one too. Files on a broker's disk go
file.delete.delay.ms later. "needs --yes": a change that lets Kafka delete records which it keeps now.`;

const EXPIRE = `
Safe beside running workers: a tombstone is committed only where no newer record of its key came before it. May be
run as often as you like, and be interrupted; what it promises holds where it runs at least every --expiry-every.
Exit 1 where an output could not be done.`;

const EVERY = ['--expiry-every <duration>', 'how often `lethe topics expire` is run, such as PT1H', 'PT1H'] as const;

export const addTopics: AddCommand = (parent, finish) => {
  const topics = parent.command('topics').description('output topics that keep what purposes promise');
  const common = (command: Command): Command =>
    command
      .argument('<dir>', 'folder with taxonomy.yaml, purposes.yaml, regimes.yaml and policies/')
      .addOption(new Option('--format <format>', 'of the table').choices(['text', 'json']).default('text'))
      .option(...EVERY)
      .option(...CONFIG_FLAG);
  common(topics.command('plan').description('how old a value can get in each topic; changes nothing'))
    .action(
      finish(async (dir: string, options: TopicsOptions) =>
        (await import('../topics.main.ts')).topicsPlan(dir, options),
      ),
    )
    .addHelpText(
      'after',
      `${WORST}\n\nExit 1 where a promise is not kept.${examples(['lethe topics plan config', 'lethe topics plan --format json config'])}`,
    );
  common(topics.command('apply').description('make topics that are missing, and set the others right'))
    .option('--yes', 'also change what lets Kafka delete records')
    .action(
      finish(async (dir: string, options: TopicsOptions & { yes?: true }) =>
        (await import('../topics.main.ts')).topicsApply(dir, options),
      ),
    )
    .addHelpText('after', `${WORST}${examples(['lethe topics apply config', 'lethe topics apply --yes config'])}`);
  topics
    .command('expire')
    .description('tombstones for values that lay in compacted outputs as long as they may; to be run by a timer')
    .argument('<dir>', 'folder with taxonomy.yaml, purposes.yaml, regimes.yaml and policies/')
    .option('--dry-run', 'only count; write nothing')
    .option(...EVERY)
    .option(...CONFIG_FLAG)
    .action(
      finish(async (dir: string, options: ExpireOptions) =>
        (await import('../topics-expire.main.ts')).topicsExpire(dir, options),
      ),
    )
    .addHelpText(
      'after',
      `${EXPIRE}${examples(['lethe topics expire config', 'lethe topics expire --dry-run config'])}`,
    );
};
