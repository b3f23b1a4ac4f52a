import { describe, expect, it } from 'vitest';
import { deadLetterText } from '../../../services/core/dead-letter.ts';
import { markText, rangesOf, readDeadLetterRecord } from '../../../services/core/dead-letter-record.ts';
import type { RawRecord } from '../../../services/core/transport.ts';

const sealer = { seal: (bytes: Uint8Array) => bytes };
const raw: RawRecord = { offset: 7, timestamp: 5, key: null, value: Buffer.from('{'), headers: {} };
const onTopic = (text: string | null, headers: object = {}): RawRecord => ({
  offset: 40,
  timestamp: 1_000,
  key: null,
  value: text === null ? null : Buffer.from(text),
  headers,
});
const HASH = 'ab'.repeat(32);
const MARK = { 'lethe-mark': Buffer.from('replayed') };

describe('what lies on lethe.dead-letters', () => {
  it('reads what a worker writes', () => {
    const poison = { code: 'action_failed', path: 'customer.email' } as const;
    const text = deadLetterText(raw, 'raw.x/3/7', poison, sealer, 10_000);
    expect(readDeadLetterRecord(onTopic(text))).toEqual({
      kind: 'letter',
      letter: {
        offset: 40,
        timestamp: 1_000,
        code: 'action_failed',
        source: 'raw.x/3/7',
        raw: { topic: 'raw.x', partition: 3, offset: 7 },
        path: 'customer.email',
        sealed: expect.any(String),
      },
    });
    const tooLarge = deadLetterText(raw, 'raw.x/3/7', { code: 'undecodable', path: null }, sealer, 10);
    expect(readDeadLetterRecord(onTopic(tooLarge))).toMatchObject({ letter: { sealed: null, path: null } });
  });

  it('reads what a replay writes', () => {
    const mark = {
      replayed: rangesOf([1, 2, 3, 9, 11, 12]),
      at: '2026-03-01T00:00:00.000Z',
      chains: { 'raw.x/3': HASH },
    };
    expect(mark.replayed).toEqual([
      [1, 3],
      [9, 9],
      [11, 12],
    ]);
    expect(readDeadLetterRecord(onTopic(markText(mark), MARK))).toEqual({ kind: 'mark', mark });
  });

  it.each([
    ['nothing', null],
    ['text that is no JSON', 'letter'],
    ['half a letter', '{"code":"undecodable","source":"raw.x/0/1","val'],
    ['no object', '[]'],
    ['null', 'null'],
    ['an unknown code', '{"code":"bad","source":"raw.x/0/1","value":null}'],
    ['no coordinate', '{"code":"undecodable","source":"raw.x","value":null}'],
    ['no value', '{"code":"undecodable","source":"raw.x/0/1"}'],
    ['a value that is no text', '{"code":"undecodable","source":"raw.x/0/1","value":1}'],
    ['a path that is no text', '{"code":"undecodable","source":"raw.x/0/1","path":1,"value":null}'],
    ['a mark without its header', markText({ replayed: [[1, 2]], at: 'x', chains: {} })],
  ])('takes %s for no letter', (_, text) => {
    expect(readDeadLetterRecord(onTopic(text))).toEqual({ kind: 'unreadable', offset: 40, mark: false });
  });

  it.each([
    ['half of one', '{"replayed":[[1,'],
    ['one without ranges', '{"at":"x","chains":{}}'],
    ['ranges that go back', '{"replayed":[[3,1]],"at":"x","chains":{}}'],
    ['ranges that are no offsets', '{"replayed":[[0.5,1]],"at":"x","chains":{}}'],
    ['one that marks what comes after it', '{"replayed":[[1,40]],"at":"x","chains":{}}'],
    ['a chain without a hash', '{"replayed":[[1,2]],"at":"x","chains":{"raw.x/0":"ab"}}'],
    ['one without chains', '{"replayed":[[1,2]],"at":"x"}'],
  ])('says that a mark cannot be read: %s', (_, text) => {
    expect(readDeadLetterRecord(onTopic(text, MARK))).toEqual({ kind: 'unreadable', offset: 40, mark: true });
  });
});
