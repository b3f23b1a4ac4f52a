/** Issue 4: `lethe report` on the audit that `lethe replay` writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOf, lethe } from './command.ts';

const folder = folderOf({});
const audit = join(folder, 'out', 'audit.jsonl');
const PERIOD = ['--from', '2026-03-05', '--to', '2026-03-06'];

beforeAll(async () => {
  const keys = await lethe(['keys', 'generate']);
  const files = folderOf({ 'keys.json': keys.stdout });
  const { code, stderr } = await lethe([
    ...['replay', 'config', '--route', 'customer-events', '--in', 'schemas/examples/customer-events.jsonl'],
    ...['--consents', 'schemas/examples/consents.jsonl', '--keys', join(files, 'keys.json')],
    ...['--now', '2026-03-05T00:00:00Z', '--out', join(folder, 'out')],
  ]);
  expect([code, stderr]).toEqual([0, '']);
});

describe('lethe report', () => {
  it('tells in json what became of records, for each purpose and recipient', async () => {
    const { code, stdout, stderr } = await lethe([
      'report',
      '--in',
      audit,
      '--dir',
      'config',
      '--format',
      'json',
      ...PERIOD,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      version: 1,
      ...{ from: '2026-03-05T00:00:00.000Z', to: '2026-03-06T00:00:00.000Z', records: 4, segments: 1, notes: [] },
      purposes: [
        {
          ...{ purpose: 'analytics', recipient: null, readers: ['web analysts', 'data platform team'] },
          outputs: [{ records: 4, published: 2, withheld: { opted_out: 1 }, deadLettered: { action_failed: 1 } }],
        },
        { purpose: 'fraud_prevention', outputs: [{ published: 2, withheld: { objected: 1 } }] },
        {
          ...{ purpose: 'partner.acme', recipient: 'acme', retention: [{ maxAge: 'P30D' }] },
          outputs: [{ published: 1, withheld: { consent_denied: 1, consent_missing: 1 } }],
        },
      ],
      rawTopics: [
        { topic: 'raw.customer-events', route: 'customer-events', partitions: [{ firstOffset: 0, lastOffset: 3 }] },
      ],
      bundles: [{ from: 'folder', firstDecision: '2026-03-05T00:00:00.000Z', records: 4 }],
      unusable: { count: 0, first: [] },
    });
    expect(report['purposes']).toMatchObject([
      {
        released: expect.arrayContaining([
          expect.objectContaining({ path: 'customer.allergies[]', category: 'user.health', records: 1 }),
          expect.objectContaining({
            path: 'customer.email',
            category: 'user.contact.email',
            records: 2,
            maxAge: 'P180D',
          }),
        ]) as unknown,
      },
      {},
      {},
    ]);
  });

  it('reads as a record of processing, and says what it does not know', async () => {
    const [known, unknown] = await Promise.all([
      lethe(['report', '--in', audit, '--dir', 'config', ...PERIOD]),
      lethe(['report', '--in', audit, ...PERIOD]),
    ]);
    expect([known.code, known.stderr, unknown.code, unknown.stderr]).toEqual([0, '', 0, '']);
    expect(known.stdout).toMatch(/^# Record of processing activities\n/);
    expect(known.stdout).toContain('- Recipient: acme (a third party, whom consents have to name)');
    expect(known.stdout).toContain(
      '| `user.contact.email` | masked: first letter and domain kept | `customer.email` |',
    );
    expect(unknown.stdout).toContain('is not available: its purposes, categories and ages are unknown.');
    expect(unknown.stdout).toContain('| `clean.partner-acme.customer-events` | `raw.customer-events` | 4 | 1 |');
  });

  it('says of an empty period, and of an empty audit, that nothing was decided', async () => {
    const empty = join(folderOf({ 'empty.jsonl': '' }), 'empty.jsonl');
    const ran = await Promise.all([
      lethe(['report', '--in', audit, '--from', '2026-03-06', '--to', '2026-03-07', '--format', 'json']),
      lethe(['report', '--in', empty, ...PERIOD, '--format', 'json']),
    ]);
    for (const { code, stdout } of ran) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        records: 0,
        purposes: [],
        notes: [expect.stringContaining('Nothing was decided')],
      });
    }
  });

  it('does not count what was altered or cut off, and ends with 1', async () => {
    const line = readFileSync(audit, 'utf8').trimEnd();
    const files = folderOf({ 'audit.jsonl': `${line.replace('"objected"', '"opted_out"')}\n${line.slice(0, -40)}\n` });
    const { code, stdout } = await lethe(['report', '--in', join(files, 'audit.jsonl'), ...PERIOD, '--format', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ records: 0, unusable: { count: 2 } });
  });

  it.each([
    [['--in', audit, '--from', '2026-03-05'], 64, '--to'],
    [['--in', audit, '--from', '2026-03-06', '--to', '2026-03-05'], 64, '--to does not lie after --from'],
    [['--in', audit, '--from', '2026-02-30', '--to', '2026-03-05'], 64, '--from is no day of the calendar'],
    [['--in', join(folder, 'none.jsonl'), ...PERIOD], 64, 'the file does not exist'],
    [['--in', audit, '--audit-topic', 'x', ...PERIOD], 64, 'which of the two?'],
    [['--in', audit, '--dir', 'no-such-folder', ...PERIOD], 78, 'no-such-folder'],
    [[...PERIOD], 78, 'KAFKA_BROKERS'],
  ])('%j is one clear error', async (flags, code, message) => {
    const ran = await lethe(['report', ...flags]);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toContain(message);
  });

  it('ends soon where no broker, or no Redis, answers', async () => {
    const [kafka, redis] = await Promise.all([
      lethe(['report', ...PERIOD], { env: { KAFKA_BROKERS: '127.0.0.1:1' } }),
      lethe(['report', '--in', audit, ...PERIOD], { env: { REDIS_URL: 'redis://127.0.0.1:1' } }),
    ]);
    expect([kafka.code, redis.code, kafka.stdout, redis.stdout]).toEqual([69, 69, '', '']);
    expect(kafka.stderr).toContain('127.0.0.1:1');
    expect(redis.stderr).toContain('127.0.0.1:1');
  });
});
