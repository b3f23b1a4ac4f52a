import { describe, expect, it } from 'vitest';
import { bindingsOf, kafkaAclsLine, roleAcls } from '../../../../services/core/check/acls.ts';
import { kafkaRights } from '../../../../services/core/check/kafka-rights.ts';
import { aclSetUser, encrypts, redisExcess, redisRights } from '../../../../services/core/check/redis-rights.ts';
import { ROLES } from '../../../../services/core/check/role.ts';
import type { CompiledRoute, OutputPlan } from '../../../../services/core/policy/plan.ts';
import * as keys from '../../../../services/adapters/redis/keys.ts';

const output = (topic: string, more: Partial<OutputPlan> = {}): OutputPlan =>
  ({ topic, key: { kind: 'pseudonym' }, leaves: [], headers: [], ...more }) as unknown as OutputPlan;
const routeOf = (topic: string, ...outputs: OutputPlan[]): CompiledRoute =>
  ({ topic, tags: null, plan: { outputs } }) as unknown as CompiledRoute;
const of = (...routes: CompiledRoute[]) => ({ routes, groupId: 'g' });
const none = { encrypts: false, database: 0, cluster: false };

const listed = (role: (typeof ROLES)[number], ...routes: CompiledRoute[]): Record<string, string> =>
  Object.fromEntries(
    kafkaRights([role], of(...routes)).map(({ resource, name, pattern, operations }) => [
      `${resource} ${name}${pattern === 'prefixed' ? '*' : ''}`,
      operations.join(),
    ]),
  );

describe('rights at Kafka', () => {
  it('of a worker: it reads raw topics and nothing else, and changes no settings', () => {
    expect(listed('gateway', routeOf('raw.x', output('clean.x')))).toEqual({
      'group g': 'Read',
      'topic raw.x': 'Read,DescribeConfigs',
      'transactional-id g.raw.x.*': 'Write',
      'topic clean.x': 'Write,DescribeConfigs',
      'topic lethe.audit': 'Write,DescribeConfigs',
      'topic lethe.dead-letters': 'Write,DescribeConfigs',
      'topic lethe.published-keys': 'Describe',
      'topic lethe.consent-events': 'Describe',
      'topic lethe.requests': 'Describe',
    });
  });

  it('of a worker whose outputs are keyed by a path: the index of keys too', () => {
    const keyed = output('clean.x', { key: { kind: 'leaf', leaf: 0 } });
    expect(listed('gateway', routeOf('raw.x', keyed))['topic lethe.published-keys']).toBe('Write,DescribeConfigs');
  });

  it.each([
    ['aging out', output('clean.x'), 'Read,DescribeConfigs'],
    ['compacted', output('clean.x', { cleanup: 'compact' }), 'Read,Write,DescribeConfigs'],
    ['without keys', output('clean.x', { key: { kind: 'none' } }), 'Describe,DescribeConfigs'],
  ])('of the consent plane on an output that is %s', (_what, one, operations) => {
    expect(listed('control', routeOf('raw.x', one))['topic clean.x']).toBe(operations);
  });

  it('of who pushes: it reads and writes no records at all', () => {
    const all = Object.values(listed('push', routeOf('raw.x', output('clean.x')))).flatMap((one) => one.split(','));
    expect(new Set(all)).toEqual(new Set(['Describe', 'DescribeConfigs']));
  });

  it('of one user for everything: each resource once, and nothing that comes with something else', () => {
    const rights = kafkaRights(ROLES, of(routeOf('raw.x', output('clean.x')), routeOf('raw.y', output('clean.x'))));
    const names = rights.map(({ resource, name }) => `${resource} ${name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(rights.find(({ name }) => name === 'g')?.operations).toEqual(['Read']);
    expect(rights.find(({ name }) => name === 'clean.x')?.operations).toEqual(['Read', 'Write', 'DescribeConfigs']);
  });

  it('as bindings: making topics is optional, and never asked for on a raw topic', () => {
    const acls = roleAcls(
      'gateway',
      { principal: 'User:a', redisUser: 'a' },
      { ...of(routeOf('raw.x', output('clean.x'))), ...none },
    );
    const optional = bindingsOf(acls).filter((one) => one.optional);
    expect(new Set(optional.map(({ operation }) => operation))).toEqual(new Set(['Create']));
    expect(optional.map(({ resourceName }) => resourceName)).not.toContain('raw.x');
    expect(bindingsOf(acls)).toContainEqual({
      principal: 'User:a',
      host: '*',
      permission: 'Allow',
      resourceType: 'TransactionalId',
      resourceName: 'g.raw.x.',
      patternType: 'Prefixed',
      operation: 'Write',
      optional: false,
      why: 'one transaction a batch',
    });
  });

  it('as a line: quoted for a shell where it has to be', () => {
    const on = { resource: 'topic', name: 'raw.x', pattern: 'literal' } as const;
    expect(kafkaAclsLine("User:CN=it's me", [on], ['Read'])).toContain(
      `--allow-principal 'User:CN=it'\\''s me' --operation Read --topic raw.x`,
    );
  });
});

describe('rights at Redis', () => {
  it('of a worker: it reads two kinds of keys, runs no script and writes nothing', () => {
    expect(aclSetUser('w', 'P', redisRights(['gateway'], none))).toBe(
      'ACL SETUSER w reset on >P %R~lethe:consent:* %R~lethe:bundle:* +echo +get +info +mget',
    );
  });

  it('of a worker that encrypts: data keys, but not the list of those to be destroyed', () => {
    const { keys: patterns } = redisRights(['gateway'], { ...none, encrypts: true });
    expect(patterns).toContainEqual({ pattern: 'lethe:data-key:{*', access: 'all' });
    expect(patterns.some(({ pattern }) => 'lethe:data-key:due'.startsWith(pattern.replace('*', '')))).toBe(false);
  });

  it('choose a database, and ask a cluster, where that is so', () => {
    expect(redisRights(['push'], { ...none, database: 5 }).commands).toContain('select');
    expect(redisRights(['push'], { ...none, cluster: true }).commands).toEqual(
      expect.arrayContaining(['cluster|slots', 'cluster|info']),
    );
  });

  it('cover every key that the adapters name', () => {
    const { keys: patterns } = redisRights(ROLES, none);
    const covers = (key: string): boolean =>
      patterns.some(({ pattern }) => (pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern));
    const all = [...Object.values(keys)].map((one) => (typeof one === 'string' ? one : one('x')));
    expect(all.length).toBeGreaterThan(7);
    expect(all.filter((key) => !covers(key))).toEqual([]);
  });

  it('leave what a role may not touch to be asked about', () => {
    const asked = (role: (typeof ROLES)[number]): string[] =>
      redisExcess(redisRights([role], none)).map(({ what }) => what);
    expect(asked('gateway')).toContain("change subjects' consents");
    expect(asked('control')).not.toContain("change subjects' consents");
    expect(asked('control')).toContain('make another bundle active');
    expect(asked('push')).toContain("read subjects' consents");
  });

  it('know of encryption by a rule, and by a rule for what tags declare', () => {
    const rule = (kind: string) => ({ leaves: [{ action: { kind } }] }) as unknown as OutputPlan;
    expect(encrypts({ routes: [routeOf('raw.x', output('c', rule('encrypt')))] })).toBe(true);
    expect(encrypts({ routes: [routeOf('raw.x', output('c', rule('keep')))] })).toBe(false);
    const tagged = {
      ...routeOf('raw.x', output('c', rule('keep'))),
      tags: new Map([['EMAIL', 'user.contact.email']]),
      planWith: (fields: ReadonlyMap<string, string>) => ({
        outputs: [output('c', rule([...fields.values()].includes('user.contact.email') ? 'encrypt' : 'keep'))],
      }),
    } as unknown as CompiledRoute;
    expect(encrypts({ routes: [tagged] })).toBe(true);
  });
});
