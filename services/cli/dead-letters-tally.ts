/** What a replay of dead letters comes to: counts, and text for a person. */
import type { DeadLetterCode } from '../core/outcome.ts';
import type { OutputDecision } from '../core/engine.ts';
import type { OpenProblem } from './dead-letters-open.ts';

/** Why a letter stays open without having been decided about. */
export type Left = OpenProblem | 'no_route' | 'compacted_output';

type OutputCount = { published: number; withheld: Record<string, number> };

/** Coordinates to name in a message; of millions only the first few are kept. */
const NAMED = 5;

export class Named {
  count = 0;
  readonly first: string[] = [];

  add(name: string): void {
    this.count++;
    if (this.first.length < NAMED && !this.first.includes(name)) this.first.push(name);
  }

  /** As text for a message. */
  get text(): string {
    return this.count > this.first.length ? `${this.first.join(', ')}, …` : this.first.join(', ');
  }
}

export type ReplayTally = {
  /** Letters that were asked for. */
  selected: number;
  replayed: number;
  alreadyReplayed: number;
  readonly outputs: Map<string, OutputCount>;
  readonly failedAgain: Map<DeadLetterCode, number>;
  /** By reason, with what explains it: raw topics, key versions, coordinates. */
  readonly left: Map<Left, Named>;
  /** Records on the topic that are neither letter nor mark. */
  readonly unreadable: Named;
  /** Coordinates that were asked for and not found. */
  readonly notFound: string[];
  readonly replay: (outputs: readonly string[], decisions: readonly OutputDecision[]) => void;
  readonly failAgain: (code: DeadLetterCode) => void;
  readonly leave: (why: Left, name: string) => void;
};

export function makeReplayTally(): ReplayTally {
  const tally: ReplayTally = {
    selected: 0,
    replayed: 0,
    alreadyReplayed: 0,
    outputs: new Map(),
    failedAgain: new Map(),
    left: new Map(),
    unreadable: new Named(),
    notFound: [],
    replay: (outputs, decisions) => {
      tally.replayed++;
      decisions.forEach((decision, index) => {
        const topic = outputs[index] ?? '';
        let counts = tally.outputs.get(topic);
        if (counts === undefined) tally.outputs.set(topic, (counts = { published: 0, withheld: {} }));
        if (decision.kind === 'published') counts.published++;
        else counts.withheld[decision.reason] = (counts.withheld[decision.reason] ?? 0) + 1;
      });
    },
    failAgain: (code) => void tally.failedAgain.set(code, (tally.failedAgain.get(code) ?? 0) + 1),
    leave: (why, name) => {
      const named = tally.left.get(why) ?? new Named();
      named.add(name);
      tally.left.set(why, named);
    },
  };
  return tally;
}

/** The summary as JSON. */
export function replaySummary(tally: ReplayTally, dryRun: boolean): object {
  return {
    dryRun,
    letters: tally.selected,
    replayed: tally.replayed,
    alreadyReplayed: tally.alreadyReplayed,
    outputs: Object.fromEntries(tally.outputs),
    failedAgain: Object.fromEntries(tally.failedAgain),
    left: Object.fromEntries([...tally.left].map(([why, { count }]) => [why, count])),
  };
}

/** The summary for a person; without a newline at the end. */
export function replayText(tally: ReplayTally, dryRun: boolean): string {
  const { selected, replayed, alreadyReplayed, outputs, failedAgain, left } = tally;
  const lines = [
    `${selected} dead letter(s): ${replayed} ${dryRun ? 'would be replayed' : 'replayed'}, ${alreadyReplayed} replayed before`,
  ];
  for (const [topic, { published, withheld }] of outputs) {
    lines.push(
      `  ${topic}: ${published} published${Object.entries(withheld)
        .map(([reason, count]) => `, ${count} withheld: ${reason}`)
        .join('')}`,
    );
  }
  for (const [code, count] of failedAgain) lines.push(`  ${count} failed again and stay(s) open: ${code}`);
  for (const [why, { count }] of left) lines.push(`  ${count} left open: ${why}`);
  return lines.join('\n');
}

/** What a person should know and do about what is left, one a line; empty where nothing is wrong. */
export function replayFindings({ left, notFound }: ReplayTally, keysFile: string): string[] {
  const findings: string[] = [];
  for (const [why, named] of left) {
    findings.push(`${named.count} letter(s) left open: ${explain(why, named, keysFile)}`);
  }
  for (const coordinate of notFound) {
    findings.push(`${coordinate}: there is no such dead letter, or retention has deleted it`);
  }
  return findings;
}

function explain(why: Left, named: Named, keysFile: string): string {
  switch (why) {
    case 'no_route':
      return `the active bundle has no route for ${named.text}`;
    case 'compacted_output':
      return `an output of ${named.text} is compacted, and an old record would take the place of a newer one of the same key. Give --force if that may be`;
    case 'not_sealed':
      return `they hold no record, which was too large or unreadable: ${named.text}. The raw topic may still hold it, under the coordinate that "lethe dead-letters show" gives`;
    case 'key_missing':
      return `${keysFile} lacks ${named.text}. Put it back: old versions of the key only read`;
    case 'altered':
      return `they do not open: they were altered, or the key is another one under the same version: ${named.text}`;
    case 'format':
      return `they were sealed in a format that this version of Lethe does not know: ${named.text}`;
  }
}
