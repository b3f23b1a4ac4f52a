/** Reads a checkpoints file line by line: every signature, and that no line is missing, doubled or out of order. */
import { type Checkpoint, checkpointText, parseCheckpointLine } from './checkpoint.ts';
import { GENESIS, type HashText } from './segment.ts';
import { type FindingKind, type Findings, generalFinding } from './verify-finding.ts';

/** Of a signature over a text: fits; made with a key that is not among the trusted ones; or fits the text no more. */
export type SignatureVerdict = 'good' | 'unknown_key' | 'bad';

export type CheckSignature = (key: string, text: string, signature: string) => SignatureVerdict;

export type LedgerOptions = {
  readonly hash: HashText;
  readonly check: CheckSignature;
  readonly findings: Findings;
  /** Names a line for people. */
  readonly place: (line: number) => string;
  /** The hash of a checkpoint that must be in the file, as it was printed when it was signed; null: none. */
  readonly anchor: string | null;
};

export type LedgerEnd = {
  /** The last checkpoint; null where there is none, and where anything is wrong with the file: then none is trusted. */
  readonly last: Checkpoint | null;
  /** What the next checkpoint follows. */
  readonly number: number;
  readonly previous: string;
};

export type Ledger = {
  /** @param text the line without its line feed; null where it is no UTF-8, or endless. */
  readonly take: (line: number, text: string | null) => void;
  readonly finish: () => LedgerEnd;
};

/** Holds one checkpoint at a time, however many there are. */
export function makeLedger({ hash, check, findings, place, anchor }: LedgerOptions): Ledger {
  let last: Checkpoint | null = null;
  let number = 0;
  /** Null: the line before cannot be trusted, which has been said. */
  let previous: string | null = GENESIS;
  let faults = 0;
  let anchored = false;

  const fault = (kind: FindingKind, line: number | null, message: string): void => {
    faults++;
    findings.add(generalFinding(kind, line === null ? null : place(line), message));
  };

  const take = (line: number, text: string | null): void => {
    const checkpoint = text === null ? null : parseCheckpointLine(text);
    if (text === null || checkpoint === null) {
      fault('checkpoint_unreadable', line, 'This line is no checkpoint, or was cut off or written anew.');
      number++;
      previous = null;
      return;
    }
    const verdict = check(checkpoint.key, checkpointText(checkpoint), checkpoint.signature);
    const name = `Checkpoint ${checkpoint.number}`;
    if (verdict === 'unknown_key') {
      fault(
        'checkpoint_foreign_key',
        line,
        `${name} was signed with the key ${shown(checkpoint.key)}, which is not trusted.`,
      );
    } else if (verdict === 'bad') {
      fault('checkpoint_altered', line, `${name} was altered: its signature does not fit what it says.`);
    } else {
      follow(checkpoint, line);
    }
    const own = hash(text);
    if (own === anchor && verdict === 'good') anchored = true;
    last = checkpoint;
    number = checkpoint.number;
    previous = verdict === 'good' ? own : null;
  };

  /** Only what is signed is worth holding against the line before. */
  const follow = (checkpoint: Checkpoint, line: number): void => {
    const wanted = number + 1;
    const name = `Checkpoint ${checkpoint.number}`;
    if (checkpoint.number > wanted) {
      const missing = checkpoint.number - wanted;
      fault('checkpoint_dropped', line, `${missing} checkpoint(s) before number ${checkpoint.number} are missing.`);
    } else if (checkpoint.number < wanted) {
      fault('checkpoint_dropped', line, `${name} stands where number ${wanted} belongs.`);
    } else if (previous !== null && checkpoint.previous !== previous) {
      fault(
        'checkpoint_dropped',
        line,
        `${name} does not follow the checkpoint before it: that is another than it was.`,
      );
    }
  };

  return {
    take,
    finish: () => {
      if (anchor !== null && !anchored) {
        fault(
          'checkpoint_missing',
          null,
          `No checkpoint has the hash ${anchor}: the end of the file was cut off, or it is another file.`,
        );
      }
      return { last: faults === 0 ? last : null, number, previous: previous ?? GENESIS };
    },
  };
}

/** A key's name comes out of a file. */
function shown(key: string): string {
  return /^[0-9a-f]{1,64}$/.test(key) ? key : '(unreadable)';
}
