/**
 * Plays records through `lethe replay` and takes its files apart again, record by record. Everything that the command
 * wrote is searched for values: see `CANARY` and `HIDDEN`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { folderOf, lethe } from './command.ts';

/** Part of values that may leave in outputs, and nowhere else: not in messages, the audit, dead letters. */
export const CANARY = 'canary';
/** Part of values that no rule releases: they may be written nowhere at all. */
export const HIDDEN = 'hiddenvalue';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

/** 32 bytes each (DESIGN section 12). */
export const KEYS = JSON.stringify({ subject: key(1), pseudonym: key(2), dead_letter: key(3) });

export type Configuration = {
  readonly taxonomy: string;
  readonly purposes: string;
  readonly regimes?: string;
  readonly policies: Readonly<Record<string, string>>;
};

export const REGIMES = `regimes: { gdpr: [DE, GB], ccpa: [US-CA] }\ndefault: gdpr\n`;

export function configFiles({
  taxonomy,
  purposes,
  regimes = REGIMES,
  policies,
}: Configuration): Record<string, string> {
  return {
    'config/taxonomy.yaml': taxonomy,
    'config/purposes.yaml': purposes,
    'config/regimes.yaml': regimes,
    ...Object.fromEntries(Object.entries(policies).map(([name, text]) => [`config/policies/${name}.yaml`, text])),
  };
}

export type Segment = {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly bundle: string;
  readonly outputs: readonly string[];
  readonly treatments: readonly (readonly { readonly path: string; readonly effect: string }[])[];
  readonly shapes: readonly {
    readonly deadLetter: { readonly code: string; readonly path: string | null } | null;
    readonly outputs: readonly {
      readonly outcome: string;
      readonly reason: string | null;
      readonly treatment: number | null;
    }[];
  }[];
  readonly records: readonly { readonly skip: number; readonly count: number; readonly shape: number }[];
  readonly previous: string;
  readonly hash: string;
};

export type Published = {
  readonly key: string | null;
  /** The value as its bytes stand in the file. */
  readonly text: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
};

export type DeadLetter = {
  readonly code: string;
  readonly source: string;
  readonly path?: string;
  readonly value: unknown;
};

/** What became of one line of the input. */
export type Fate = {
  readonly published: Readonly<Record<string, Published>>;
  /** By output, from the audit. */
  readonly withheld: Readonly<Record<string, string | null>>;
  readonly dead: DeadLetter | null;
};

export type Replayed = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly summary: {
    readonly records: number;
    readonly outputs: Readonly<
      Record<string, { readonly published: number; readonly withheld: Readonly<Record<string, number>> }>
    >;
    readonly deadLetters: Readonly<Record<string, number>>;
  };
  readonly segments: readonly Segment[];
  /** Text of each file of the output folder. */
  readonly files: Readonly<Record<string, string>>;
  /** By line number from 0. */
  readonly fate: (line: number) => Fate;
};

export type ReplayInput = {
  readonly config: Configuration;
  /** Lines, or the bytes of the whole file. */
  readonly lines: readonly string[] | Uint8Array;
  readonly consents?: readonly object[];
  readonly now?: string;
  readonly route?: string;
};

/** The moment at which tests decide. */
export const NOW = '2026-03-01T00:00:00Z';

/** Runs a replay that is expected to end well, and checks that nothing was written where it must not be. */
export async function replayed({ config, lines, consents, now = NOW, route }: ReplayInput): Promise<Replayed> {
  const folder = folderOf({
    ...configFiles(config),
    'keys.json': KEYS,
    'in.jsonl': lines instanceof Uint8Array ? lines : lines.map((line) => `${line}\n`).join(''),
    ...(consents === undefined ? {} : { 'consents.jsonl': consents.map((one) => `${JSON.stringify(one)}\n`).join('') }),
  });
  const at = (name: string): string => join(folder, name);
  const { code, stdout, stderr } = await lethe(
    [
      ...['replay', at('config'), '--in', at('in.jsonl'), '--out', at('out'), '--now', now],
      ...(consents === undefined ? [] : ['--consents', at('consents.jsonl')]),
      ...(route === undefined ? [] : ['--route', route]),
    ],
    { env: { LETHE_KEYS_FILE: at('keys.json') } },
  );
  if (code !== 0) throw new Error(`replay ended with ${code}: ${stderr}`);
  const files = Object.fromEntries(
    readdirSync(at('out')).map((name) => [name, readFileSync(join(at('out'), name), 'utf8')]),
  );
  expect(existsSync(at('out/audit.jsonl'))).toBe(true);
  searchForValues({ stdout, stderr }, files);
  return { code, stdout, stderr, files, ...takeApart(stdout, files) };
}

function searchForValues(streams: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries({ ...streams, ...files })) {
    const isOutput = !(name in streams) && name !== 'audit.jsonl' && name !== 'dead-letters.jsonl';
    for (const form of isOutput ? formsOf(HIDDEN) : [...formsOf(HIDDEN), ...formsOf(CANARY)]) {
      expect(text.includes(form), `${form} in ${name}`).toBe(false);
    }
  }
}

/** A text plain, in base64 at each alignment, in hex, and as an unkeyed hash. */
function formsOf(text: string): string[] {
  const length = Buffer.byteLength(text);
  const aligned = [0, 1, 2].map((pad) =>
    // Only the characters that this text alone decides.
    Buffer.from(`${'.'.repeat(pad)}${text}`)
      .toString('base64')
      .slice(Math.ceil((pad * 8) / 6), Math.floor(((pad + length) * 8) / 6)),
  );
  const sha = createHash('sha256').update(text).digest();
  return [text, ...aligned, Buffer.from(text).toString('hex'), sha.toString('hex'), sha.toString('base64url')];
}

function takeApart(
  stdout: string,
  files: Readonly<Record<string, string>>,
): Pick<Replayed, 'summary' | 'segments' | 'fate'> {
  const fates = new Map<
    number,
    { published: Record<string, Published>; withheld: Record<string, string | null>; dead: DeadLetter | null }
  >();
  const fateOf = (line: number) => {
    let fate = fates.get(line);
    if (fate === undefined) fates.set(line, (fate = { published: {}, withheld: {}, dead: null }));
    return fate;
  };
  const lineOf = (source: string): number => Number(/\/0\/(\d+)$/.exec(source)?.[1]);

  for (const [name, content] of Object.entries(files)) {
    if (name === 'audit.jsonl') continue;
    for (const text of linesOf(content)) {
      const entry = JSON.parse(text);
      if (name === 'dead-letters.jsonl') {
        fateOf(lineOf(entry.source)).dead = entry;
        continue;
      }
      expect(Object.keys(entry)).toEqual(['key', 'value', 'headers']);
      const raw = /^\{"key":(?:null|"[^"]*"),"value":(.*),"headers":\{[^{}]*\}\}$/s.exec(text)?.[1];
      fateOf(lineOf(entry.headers['lethe-source'])).published[name.replace(/\.jsonl$/, '')] = {
        ...entry,
        text: raw ?? '',
      };
    }
  }
  const segments: Segment[] = linesOf(files['audit.jsonl'] ?? '').map((text) => JSON.parse(text));
  for (const segment of segments) {
    let offset = segment.firstOffset;
    for (const { skip, count, shape } of segment.records) {
      offset += skip;
      for (let i = 0; i < count; i++, offset++) {
        for (const [index, { outcome, reason }] of (segment.shapes[shape]?.outputs ?? []).entries()) {
          if (outcome === 'withheld') fateOf(offset).withheld[segment.outputs[index] ?? ''] = reason;
        }
      }
    }
  }
  return { summary: JSON.parse(stdout), segments, fate: (line) => fateOf(line) };
}

export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** In short, for tables: the value's text, or `withheld REASON`, or `CODE` and `CODE PATH` of a dead letter. */
export function outcomeOf(fate: Fate, topic: string): string {
  if (fate.dead !== null) return [fate.dead.code, ...(fate.dead.path === undefined ? [] : [fate.dead.path])].join(' ');
  const published = fate.published[topic];
  if (published !== undefined) return published.text;
  return `withheld ${fate.withheld[topic]}`;
}
