import { describe, expect, it } from 'vitest';
import { exitCodeOf, type Finding, saying } from '../../../../services/core/check/finding.ts';
import { judgeCertificate } from '../../../../services/core/check/judge-certificate.ts';
import { judgeKafkaRights, type KafkaAuthority } from '../../../../services/core/check/judge-kafka-rights.ts';
import { judgeRedisRights, judgeRedisServer } from '../../../../services/core/check/judge-redis.ts';
import { type CheckedTopic, judgeTopics, type TopicsToJudge } from '../../../../services/core/check/judge-topics.ts';
import { judgeClock, judgeView } from '../../../../services/core/check/judge-view.ts';
import {
  type KafkaOperation,
  type KafkaRight,
  KAFKA_OPERATIONS,
} from '../../../../services/core/check/kafka-rights.ts';
import { redisRights } from '../../../../services/core/check/redis-rights.ts';
import { OWN_TOPICS } from '../../../../services/gateway/topics.ts';

const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ level, subject, finding }) => `${level} ${subject}: ${finding}`);
const levels = (findings: readonly Finding[]): string[] => findings.map(({ level }) => level);

describe('the exit code', () => {
  const say = saying('kafka');
  const gone = say.fail('b', 'gone', 'start it');
  const wrong = say.fail('b', 'wrong', 'correct it', 'config');
  it.each([
    ['nothing fails', [say.ok('a', 'b'), say.warn('a', 'b', 'c')], 0],
    ['something is not there', [say.ok('a', 'b'), gone], 69],
    ['something is wrong, whatever is not there', [gone, wrong, gone], 78],
  ])('where %s', (_what, findings, code) => expect(exitCodeOf(findings)).toBe(code));
});

describe('a user at Kafka', () => {
  const right: KafkaRight = {
    resource: 'topic',
    name: 't',
    pattern: 'literal',
    operations: ['Read', 'Write'],
    mayCreate: false,
    why: 'x',
  };
  const authority = (operations: readonly KafkaOperation[], more: Partial<KafkaAuthority> = {}): KafkaAuthority => ({
    cluster: new Set(),
    topics: new Map([['t', { visible: true, exists: true, operations: new Set(operations) }]]),
    others: new Map(),
    groups: new Map(),
    transactionalIds: new Map(),
    ...more,
  });
  const judged = (one: KafkaAuthority, rights = [right]): string[] => told(judgeKafkaRights(rights, one, 'User:u'));

  it('with what it needs is well', () => {
    expect(judged(authority(['Read', 'Write', 'Describe']))).toEqual([
      'ok User:u: has what it needs of 1 of 1 topics, groups and ids',
    ]);
  });
  it('is told what it lacks, alone', () => {
    expect(judged(authority(['Read']))).toEqual(['fail topic t: may not Write (x)']);
  });
  it('is warned of what it never does', () => {
    expect(judged(authority(['Read', 'Write', 'Create', 'Delete']))[1]).toBe(
      'warn topic t: may Create, Delete, and does not need it',
    );
  });
  it('may make a topic where that is its to make', () => {
    expect(judged(authority(['Read', 'Write', 'Create']), [{ ...right, mayCreate: true }])).toHaveLength(1);
  });
  it('who may do everything is told so once', () => {
    const all = Object.keys(KAFKA_OPERATIONS) as KafkaOperation[];
    expect(judged(authority(all, { cluster: new Set(all), others: new Map([['o', new Set(all)]]) })).slice(1)).toEqual([
      'warn User:u: may do everything: it is a super user, or the brokers have no authorizer',
    ]);
  });
  it('who may do one thing with the cluster is told which', () => {
    const one = authority(['Read', 'Write'], { cluster: new Set(['Alter', 'Describe'] as const) });
    expect(judged(one).slice(1)).toEqual(['warn cluster: may Alter, and does not need it']);
  });
  it('lacks what nobody told of', () => {
    const others: KafkaRight[] = [
      { ...right, resource: 'group', operations: ['Read'] },
      { ...right, resource: 'transactional-id', pattern: 'prefixed', operations: ['Write'] },
    ];
    expect(judged(authority(['Read', 'Write']), others).filter((one) => one.startsWith('fail'))).toEqual([
      'fail group t: may not Read (x)',
      'fail transactional id t*: may not Write (x)',
    ]);
  });
});

describe('topics', () => {
  const made = new Map(OWN_TOPICS.map(({ name, config }) => [name, config]));
  const well = (name: string): CheckedTopic => ({
    state: {
      partitions: name === 'lethe.consent-events' || name === 'lethe.published-keys' ? 12 : 3,
      replication: 3,
      settings: {
        ...{
          'cleanup.policy': 'delete',
          'retention.bytes': '-1',
          'max.message.bytes': '16777216',
          'min.insync.replicas': '2',
        },
        ...made.get(name),
      },
    },
    mayCreate: false,
  });
  const names = ['raw.x', 'clean.x', ...OWN_TOPICS.map(({ name }) => name)];
  const output = { topic: 'clean.x', purpose: { name: 'p', retentionMs: 1 } };
  const judged = (
    changed: Readonly<Record<string, CheckedTopic | undefined>> = {},
    more: Partial<TopicsToJudge> = {},
  ) => {
    const topics = new Map(names.map((name) => [name, well(name)]));
    for (const [name, one] of Object.entries(changed)) {
      if (one === undefined) topics.delete(name);
      else topics.set(name, one);
    }
    return judgeTopics({
      routes: [{ topic: 'raw.x', plan: { outputs: [output] } }] as unknown as TopicsToJudge['routes'],
      ...{ own: OWN_TOPICS, topics, maxRecordBytes: 10 * 1024 * 1024, autoCreate: false, ...more },
    });
  };
  const changed = (name: string, settings: Record<string, string>, more: object = {}): CheckedTopic => {
    const { state } = well(name);
    if (state === null) throw new Error('it is there');
    return { state: { ...state, ...more, settings: { ...state.settings, ...settings } }, mayCreate: false };
  };

  it('as they have to be are well', () => {
    expect(new Set(levels(judged()))).toEqual(new Set(['ok']));
  });

  it.each([
    ['lethe.consent-events', { 'retention.ms': '604800000' }, 'fail', 'retention.ms is 604800000, must be -1'],
    ['lethe.audit', { 'cleanup.policy': 'compact' }, 'fail', 'cleanup.policy is compact, must be delete'],
    ['lethe.published-keys', { 'cleanup.policy': 'delete' }, 'warn', 'cleanup.policy is delete, must be compact'],
    ['lethe.dead-letters', { 'max.message.bytes': '1048588' }, 'warn', 'max.message.bytes is 1048588'],
    ['clean.x', { 'cleanup.policy': 'compact' }, 'warn', 'cleanup.policy is compact, the policy says delete'],
    ['clean.x', { 'max.message.bytes': '1000' }, 'warn', 'max.message.bytes is 1000, of raw.x 16777216'],
  ])('%s with %j', (name, settings, level, text) => {
    const found = judged({ [name]: changed(name, settings) }).filter((one) => one.level !== 'ok');
    expect(told(found)).toEqual([expect.stringContaining(`${level} ${name}: ${text}`)]);
    expect(exitCodeOf(found)).toBe(level === 'fail' ? 78 : 0);
  });

  it.each([
    [true, 'warn'],
    [false, 'fail'],
  ])('that are missing, where the user may make them: %s', (mayCreate, level) => {
    const found = judged({ 'clean.x': { state: null, mayCreate } }).filter((one) => one.level !== 'ok');
    expect(found).toMatchObject([{ level, subject: 'clean.x' }]);
  });

  it('that are raw and missing are waited for', () => {
    const found = judged({ 'raw.x': { state: null, mayCreate: false } }).filter((one) => one.level !== 'ok');
    expect(found).toMatchObject([{ level: 'warn', subject: 'raw.x' }]);
  });

  it('that nobody may know of are not spoken of', () => {
    expect(judged({ 'clean.x': undefined }).some(({ subject }) => subject === 'clean.x')).toBe(false);
  });

  it('with one replica, with fewer than must be in sync, or with a promise of one', () => {
    expect(
      told(judged({ 'clean.x': changed('clean.x', { 'min.insync.replicas': '1' }, { replication: 1 }) })),
    ).toContainEqual(expect.stringMatching(/^warn replication: one replica each.*clean\.x/));
    expect(told(judged({ 'clean.x': changed('clean.x', {}, { replication: 1 }) }))).toContainEqual(
      expect.stringMatching(/^fail clean\.x: min\.insync\.replicas is 2, and it has 1 replica:/),
    );
    expect(told(judged({ 'clean.x': changed('clean.x', { 'min.insync.replicas': '1' }) }))).toContainEqual(
      expect.stringMatching(/^warn replication: min\.insync\.replicas is 1.*clean\.x/),
    );
  });

  it('that are made by asking for them', () => {
    expect(told(judged({}, { autoCreate: true }))).toContainEqual(expect.stringMatching(/^warn auto\.create/));
    expect(judged({}, { autoCreate: null }).some(({ subject }) => subject.startsWith('auto'))).toBe(false);
  });
});

describe('a Redis', () => {
  const info = (more: Record<string, string> = {}) =>
    new Map(
      Object.entries({
        redis_version: '7.2.4',
        maxmemory: '0',
        maxmemory_policy: 'noeviction',
        role: 'master',
        aof_enabled: '1',
        ...more,
      }),
    );
  it.each([
    ['as it has to be', {}, []],
    ['of an older version', { redis_version: '6.2.1' }, ['warn']],
    ['that evicts', { maxmemory: '1', maxmemory_policy: 'allkeys-lru' }, ['fail']],
    ['that would evict', { maxmemory_policy: 'allkeys-lru' }, ['warn']],
    ['that evicts what has a time to live', { maxmemory: '1', maxmemory_policy: 'volatile-ttl' }, ['warn']],
    ['that is a replica', { role: 'slave' }, ['fail']],
    ['that forgets in a crash', { aof_enabled: '0' }, ['warn']],
  ])('%s', (_what, more, expected) => {
    const found = judgeRedisServer('r:1', info(more), false).filter(({ level }) => level !== 'ok');
    expect(levels(found)).toEqual(expected);
  });
  it('that tells nothing', () => expect(levels(judgeRedisServer('r:1', null, false))).toEqual(['warn']));
});

describe('a user at Redis', () => {
  const rights = redisRights(['gateway'], { encrypts: false, database: 0, cluster: false });
  it('is told what it lacks, and what cures that', () => {
    const found = judgeRedisRights(
      rights,
      ({ command: [name, key] }) => !(name === 'get' && key === 'lethe:bundle:check'),
      'w',
    );
    expect(found.filter(({ level }) => level === 'fail')).toMatchObject([
      { finding: 'may not GET lethe:bundle:check', fix: 'ACL SETUSER w +get %R~lethe:bundle:*' },
    ]);
  });
  it('is not warned of what nobody can ask about', () => {
    const found = judgeRedisRights(rights, (probe) => (rights.probes.includes(probe) ? true : null), 'w');
    expect(levels(found)).toEqual(['ok']);
  });
  it('is warned of keys that are not its own', () => {
    const found = judgeRedisRights(rights, ({ harmless }) => (harmless ? true : null), 'w');
    expect(told(found).slice(1)).toEqual([
      "warn user w: may read keys that are not Lethe's, read subjects' data keys, and does not need it",
    ]);
  });
});

describe('the consent view', () => {
  const at = (age: number) => ({ at: 1_000_000 - age, offsets: {} });
  it.each([
    ['young', at(500), 'ok'],
    ['too old', at(70_000), 'fail'],
    ['not whole', { at: 0, offsets: {} }, 'fail'],
    ['of imports alone', null, 'ok'],
  ])('%s', (_what, watermark, level) => {
    expect(levels(judgeView(watermark, 1_000_000, 60_000, ['gateway']))).toEqual([level]);
  });
  it('is not held against who brings it up to date', () => {
    expect(levels(judgeView(at(70_000), 1_000_000, 60_000, ['control']))).toEqual(['warn']);
  });
});

describe('clocks and certificates', () => {
  it.each([
    [null, []],
    [400, ['ok']],
    [-5_000, ['warn']],
    [90_000, ['fail']],
  ])('%s ms apart', (offset, expected) => expect(levels(judgeClock(offset, 50, 60_000))).toEqual(expected));
  it('gives the round trip the benefit of the doubt', () =>
    expect(levels(judgeClock(1_500, 600, 60_000))).toEqual(['ok']));
  it.each([
    [100, 'ok'],
    [29, 'warn'],
    [-1, 'fail'],
  ])('good for %i days', (days, level) => {
    const now = 1_800_000_000_000;
    expect(judgeCertificate(saying('kafka'), 'b', now + days * 86_400_000 + 1, now).level).toBe(level);
  });
});
