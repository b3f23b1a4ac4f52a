/** A world in memory for the saga: a feed, a view, outputs, workers; and a process that can be killed anywhere. */
import type { ConsentLogEntry } from '../../../../services/core/ports.ts';
import type { OutputRecord, RequestPorts, Tombstone, TopicCleanup } from '../../../../services/core/requests/ports.ts';
import {
  foldRequests,
  type PlacedRequestEvent,
  type Received,
  requestEvent,
  type RequestOutput,
  type SubjectRequest,
} from '../../../../services/core/requests/request.ts';
import { drive } from '../../../../services/core/requests/saga.ts';

export class Killed extends Error {}

export const RECEIVED: Received = {
  type: 'erasure',
  regime: 'gdpr',
  due: 2_592_001_000,
  bundle: 'digest',
  tokens: ['token-2', 'token-1'],
  keys: [{ purpose: 'analytics', keys: ['key-2', 'key-1'] }],
  sources: ['raw.a'],
  outputs: [
    { topic: 'clean.a', purpose: 'analytics', keyedBy: 'subject' },
    { topic: 'clean.b', purpose: 'analytics', keyedBy: 'path' },
    { topic: 'clean.c', purpose: 'analytics', keyedBy: 'subject' },
  ],
  callbacks: [],
  consents: [
    {
      purpose: '*',
      decision: 'erased',
      at: 1000,
      region: null,
      recipients: [],
      method: 'erasure',
      notice: null,
      expires: null,
    },
  ],
};

export type World = {
  readonly ports: RequestPorts;
  readonly events: PlacedRequestEvent[];
  readonly feed: ConsentLogEntry[];
  readonly topics: Map<string, { key: string | null; tombstone: boolean; source: string | null }[][]>;
  readonly cleanups: Map<string, TopicCleanup>;
  readonly shredded: Set<string>;
  readonly fenced: string[];
  /** Every call of a port, in order; its effect has happened where `after` it is killed. */
  readonly calls: string[];
  /** Called before and after each effect. */
  hook: (name: string, when: 'before' | 'after') => void;
  raw: { low: number; end: number; offset: number | null; feed: Record<string, string> | null; gap: boolean };
  absent: boolean;
  viewAt: number;
  index: Tombstone[];
  now: number;
  active: { sources: readonly string[]; outputs: readonly RequestOutput[] } | null;
};

export function makeWorld(received: Received = RECEIVED): World {
  const first = requestEvent({ id: 'r-1', kind: 'received', at: 1000, received });
  const world: World = {
    events: [{ coordinate: 'lethe.requests/0/0', event: first }],
    feed: [],
    topics: new Map([
      ['clean.a', [[], []]],
      ['clean.b', [[], []]],
      ['clean.c', [[]]],
    ]),
    cleanups: new Map([
      ['clean.a', { partitions: 2, compacted: true, retentionMs: null }],
      ['clean.b', { partitions: 2, compacted: true, retentionMs: null }],
      ['clean.c', { partitions: 1, compacted: false, retentionMs: 1000 }],
    ]),
    shredded: new Set(),
    fenced: [],
    calls: [],
    hook: () => undefined,
    raw: { low: 0, end: 10, offset: 10, feed: null, gap: false },
    absent: false,
    viewAt: Number.POSITIVE_INFINITY,
    index: [{ topic: 'clean.b', partition: 1, key: 'path-key' }],
    now: 2000,
    active: null,
    ports: null as never,
  };
  const effect = <T>(name: string, work: () => T): T => {
    world.hook(name, 'before');
    world.calls.push(name);
    const done = work();
    world.hook(name, 'after');
    return done;
  };
  const ports: RequestPorts = {
    log: {
      append: async (event) =>
        effect(`log:${event.kind}:${event.step ?? ''}`, () => {
          const coordinate = `lethe.requests/0/${world.events.length}`;
          world.events.push({ coordinate, event });
          return coordinate;
        }),
      read: async () => world.events,
    },
    consents: {
      append: async (entries) =>
        effect('mark', () => entries.map((entry) => `lethe.consent-events/0/${world.feed.push(entry) - 1}`)),
      reached: async (coordinates) => coordinates.every((one) => Number(one.split('/')[2]) < world.viewAt),
      erased: async () => world.feed.some(({ event }) => event.decision === 'erased'),
    },
    workers: {
      ends: async (topic) => (topic === 'raw.a' ? [{ partition: 0, low: world.raw.low, end: world.raw.end }] : []),
      holdsRecords: async () => !world.raw.gap,
      positions: async () => [{ partition: 0, offset: world.raw.offset, feed: world.raw.feed }],
      absent: async () => world.absent,
      fence: async (topic, partition) => effect('fence', () => void world.fenced.push(`${topic}/${partition}`)),
      fenceReplays: async () => effect('fence-replays', () => undefined),
    },
    outputs: {
      active: async () => world.active,
      cleanup: async (topic) => world.cleanups.get(topic) ?? { partitions: 0, compacted: false, retentionMs: null },
      indexed: async () => world.index,
      forget: async () =>
        effect('forget', () => {
          world.index = [];
        }),
      bury: async (tombstones, source) =>
        effect('bury', () =>
          tombstones.map(({ topic, partition, key }) => {
            const records = world.topics.get(topic)![partition]!;
            return `${topic}/${partition}/${records.push({ key, tombstone: true, source }) - 1}`;
          }),
        ),
      async *recordsFrom(topic, partition, from): AsyncGenerator<OutputRecord> {
        const records = world.topics.get(topic)![partition]!;
        for (let offset = from; offset < records.length; offset++) yield { ...records[offset]!, offset, timestamp: 0 };
      },
    },
    dataKeys: {
      shred: async (tokens) =>
        effect('shred', () => {
          for (const token of tokens) world.shredded.add(token);
          return 'shredded' as const;
        }),
      shredded: async (tokens) => tokens.every((token) => world.shredded.has(token)),
    },
    gather: async () => effect('gather', () => 'sha256:0'),
    sign: { key: 'k', sign: (text) => `signed ${text}` },
    now: () => world.now,
    sleep: async (milliseconds) => {
      world.now += milliseconds;
    },
    patienceMs: 500,
  };
  return Object.assign(world, { ports });
}

export const current = (world: World): SubjectRequest => foldRequests(world.events).get('r-1')!;

export const run = (world: World): Promise<SubjectRequest> => drive(current(world), world.ports);
