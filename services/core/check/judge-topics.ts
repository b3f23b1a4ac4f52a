/** What topics are like, held against what Lethe rests on. Who may do what with them is judge-kafka-rights.ts's. */
import { CONSENT_EVENTS_TOPIC, DEAD_LETTER_TOPIC } from '../own-topics.ts';
import type { CompiledRoute } from '../policy/plan.ts';
import { ASSUMED_TIMES, EXPIRY_EVERY_MS, type TopicSettings } from '../retention/stay.ts';
import { planOutput, planOwn, type TopicState } from '../retention/topic-plan.ts';
import { counted, type Finding, saying } from './finding.ts';

/** A topic that the user may know of. */
export type CheckedTopic = {
  /** Null where it is not there. */
  readonly state:
    | (Omit<TopicState, 'settings'> & { /** Null: not for this user. */ readonly settings: TopicSettings | null })
    | null;
  readonly mayCreate: boolean;
};

export type TopicsToJudge = {
  readonly routes: readonly Pick<CompiledRoute, 'topic' | 'plan'>[];
  /** Lethe's own, as it makes them (gateway/topics.ts). */
  readonly own: readonly { readonly name: string; readonly partitions: number; readonly config: TopicSettings }[];
  /** Of those that the user may not know of nothing can be said. */
  readonly topics: ReadonlyMap<string, CheckedTopic>;
  /** Bytes of the longest raw value that is decided about (LETHE_MAX_RECORD_BYTES). */
  readonly maxRecordBytes: number;
  /** Of the brokers; null: not for this user. */
  readonly autoCreate: boolean | null;
};

const { ok, warn, fail } = saying('topics');

/** Beside the value a dead letter holds its envelope. */
const LETTER_OVERHEAD_BYTES = 1_024;

export function judgeTopics(all: TopicsToJudge): readonly Finding[] {
  const { routes, own, topics } = all;
  const findings: Finding[] = [];
  for (const { topic } of routes) findings.push(...judgeRaw(topic, topics.get(topic)));
  for (const { topic, plan } of routes) {
    const raw = topics.get(topic)?.state ?? null;
    for (const output of plan.outputs) {
      const checked = topics.get(output.topic);
      if (checked === undefined) continue;
      const { state } = checked;
      if (state === null) {
        findings.push(missing(output.topic, checked));
        continue;
      }
      const about = `${counted(state.partitions, 'partition')}${output.cleanup === undefined ? '' : `, ${output.cleanup}`}`;
      const wrong: Finding[] = [];
      if (state.settings !== null) {
        const full = { ...state, settings: state.settings };
        const kept = planOutput(output, full, raw?.partitions ?? -1, ASSUMED_TIMES, EXPIRY_EVERY_MS);
        const promised = output.purpose.publishedMs !== undefined;
        // Without a promise only what the policy itself says of the topic counts.
        const told = promised ? kept.findings : kept.findings.filter((one) => one.startsWith('cleanup.policy'));
        for (const finding of told)
          wrong.push(warn(output.topic, finding, 'See "lethe topics plan"; "apply" changes it.'));
        for (const note of kept.notes) wrong.push(warn(output.topic, note, 'Nothing, while nobody joins partitions.'));
        wrong.push(...tooSmall(output.topic, state.settings, raw?.settings ?? null, topic));
      }
      findings.push(...(wrong.length > 0 ? wrong : [ok(output.topic, about)]));
    }
  }
  for (const spec of own) findings.push(...judgeOwn(spec, topics.get(spec.name), all.maxRecordBytes));
  findings.push(...judgeReplication(topics));
  if (all.autoCreate === true) {
    const fix =
      'Set auto.create.topics.enable=false: a topic made by a slip has one partition, and is kept for a week.';
    findings.push(warn('auto.create.topics.enable', 'the brokers make topics that are only asked for', fix));
  } else if (all.autoCreate === false) findings.push(ok('auto.create.topics.enable', 'false'));
  return findings;
}

function judgeRaw(name: string, checked: CheckedTopic | undefined): readonly Finding[] {
  if (checked === undefined) return [];
  if (checked.state !== null) return [ok(name, `raw, ${counted(checked.state.partitions, 'partition')}`)];
  return [
    warn(
      name,
      'the raw topic is not there: workers wait for it',
      `Create it: kafka-topics.sh --create --topic ${name}.`,
    ),
  ];
}

function judgeOwn(
  spec: TopicsToJudge['own'][number],
  checked: CheckedTopic | undefined,
  maxRecordBytes: number,
): readonly Finding[] {
  const { name } = spec;
  if (checked === undefined) return [];
  const { state } = checked;
  if (state === null) return [missing(name, checked)];
  const findings: Finding[] = [];
  if (name === CONSENT_EVENTS_TOPIC && state.partitions !== spec.partitions) {
    const fix = 'Nothing, where it was made so before the first event; never change it after that.';
    findings.push(warn(name, `has ${counted(state.partitions, 'partition')}, Lethe makes ${spec.partitions}`, fix));
  }
  if (state.settings === null)
    return findings.length > 0 ? findings : [ok(name, `${counted(state.partitions, 'partition')}`)];
  const settings = state.settings;
  const keptForEver = spec.config['retention.ms'] === '-1';
  for (const { setting, now, wanted } of planOwn(spec, { ...state, settings }).changes) {
    if (setting === 'max.message.bytes') continue;
    const text = `${setting} is ${now ?? 'unknown'}, must be ${wanted}`;
    const fix = `kafka-configs.sh --alter --topic ${name} --add-config ${setting}=${wanted}`;
    findings.push(
      keptForEver ? fail(name, `${text}: it has to be kept for ever`, fix, 'config') : warn(name, text, fix),
    );
  }
  if (name === DEAD_LETTER_TOPIC) {
    const room = Number(settings['max.message.bytes'] ?? Number.POSITIVE_INFINITY);
    const needed = Math.ceil(maxRecordBytes / 3) * 4 + LETTER_OVERHEAD_BYTES;
    if (room < needed) {
      const fix = `kafka-configs.sh --alter --topic ${name} --add-config max.message.bytes=${needed}`;
      findings.push(
        warn(
          name,
          `max.message.bytes is ${room}: records of up to ${maxRecordBytes} bytes (LETHE_MAX_RECORD_BYTES) need ${needed}`,
          fix,
        ),
      );
    }
  }
  return findings.length > 0 ? findings : [ok(name, `${counted(state.partitions, 'partition')}, kept as it has to be`)];
}

function missing(name: string, { mayCreate }: CheckedTopic): Finding {
  const fix = 'Run "lethe push DIR" as somebody who may make topics.';
  if (mayCreate) return warn(name, 'is not there yet; this user may make it, and will', `${fix} Or let it.`);
  return fail(name, 'is not there, and this user may not make it', fix);
}

/** A record that fits the raw topic may not fit the output. */
function tooSmall(
  name: string,
  settings: TopicSettings,
  raw: TopicSettings | null,
  rawName: string,
): readonly Finding[] {
  const [own, theirs] = [settings, raw ?? {}].map((all) => Number(all['max.message.bytes']));
  if (own === undefined || theirs === undefined || !(own < theirs)) return [];
  const finding = `max.message.bytes is ${own}, of ${rawName} ${theirs}: what does not fit is dead-lettered (too_large)`;
  return [warn(name, finding, `kafka-configs.sh --alter --topic ${name} --add-config max.message.bytes=${theirs}`)];
}

function judgeReplication(topics: TopicsToJudge['topics']): readonly Finding[] {
  const single: string[] = [];
  const unsafe: string[] = [];
  const findings: Finding[] = [];
  for (const [name, { state }] of topics) {
    if (state === null) continue;
    const least = Number(state.settings?.['min.insync.replicas'] ?? 1);
    if (state.replication < least) {
      const finding = `min.insync.replicas is ${least}, and it has ${counted(state.replication, 'replica')}: nobody can write it`;
      findings.push(fail(name, finding, 'Add replicas, or lower min.insync.replicas.'));
    } else if (state.replication === 1) single.push(name);
    else if (state.replication > 2 && state.settings !== null && least === 1) unsafe.push(name);
  }
  if (single.length > 0) {
    const finding = `one replica each: a broker that is lost takes them along (${some(single)})`;
    findings.push(warn('replication', finding, 'Keep three replicas, and min.insync.replicas=2.'));
  }
  if (unsafe.length > 0) {
    const finding = `min.insync.replicas is 1: what one broker took may be lost with it (${some(unsafe)})`;
    findings.push(warn('replication', finding, 'Set min.insync.replicas=2.'));
  }
  return findings;
}

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
