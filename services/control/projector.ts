/**
 * The projector: brings the consent view up to date with the feed, and says how far it is. Several may run: whatever one
 * has done is done, and each goes on from where the view stands, not from where it remembers to have been; so a view
 * that was emptied, restored from a snapshot, or failed over to a replica that lags is filled again, and not called
 * whole before it is.
 */
import type { ConsentEvent } from '../core/consent-event.ts';
import type { ConsentProjection } from '../core/consent-projection.ts';
import type { DataKeyStore } from '../core/data-key.ts';
import { LetheError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { CONSENT_EVENTS_TOPIC } from '../core/own-topics.ts';
import type { PartitionBounds, TopicReader } from '../core/topic-reader.ts';
import type { RawRecord } from '../core/transport.ts';

/** The token and event of a record's value; null where nobody can read it. */
export type DecodeEvent = (value: Uint8Array) => { readonly token: string; readonly event: Unplaced } | null;
type Unplaced = Omit<ConsentEvent, 'version'>;

export type ProjectorOptions = {
  readonly reader: Pick<TopicReader, 'bounds' | 'read'>;
  readonly view: ConsentProjection;
  /** Where the data keys of those whom an event erases are destroyed. */
  readonly dataKeys?: Pick<DataKeyStore, 'shred' | 'shredAt' | 'shredDue'>;
  readonly decode: DecodeEvent;
  /** Default `lethe.consent-events`. */
  readonly topic?: string;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  readonly observe?: ProjectorObserver;
};

export type ProjectorObserver = {
  /** Events that are in the view now, each with the time it was appended to the feed, epoch milliseconds. */
  readonly projected?: (appended: readonly number[]) => void;
  /** The view was found whole, as of a time. */
  readonly whole?: (at: number) => void;
  readonly failed?: (error: LetheError) => void;
  /** The view stood further back than it had been brought. */
  readonly wentBack?: () => void;
};

export type Projector = {
  /** Projects until the signal fires. Outages are waited out; rejects where events are lost or cannot be read. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /**
   * Projects what the feed holds now. Resolves to whether the view was whole at the end: where another process empties
   * it meanwhile, it is not.
   *
   * @param progress told how many of the feed's records are done, and how many there are.
   */
  readonly catchUp: (progress?: (done: number, total: number) => void) => Promise<boolean>;
};

/** How long a withdrawal may lie in the feed before it is looked for. */
const POLL_MS = 100;
const MAX_WAIT_MS = 2_000;
/** Events in one step of the view, which answers nobody else meanwhile. */
const STEP_EVENTS = 250;
/** Partitions that are brought up to date side by side. */
const LANES = 6;

export function makeProjector(options: ProjectorOptions): Projector {
  const { reader, view, log } = options;
  const topic = options.topic ?? CONSENT_EVENTS_TOPIC;

  /**
   * Before the events are in the view, so that whoever dies in between does it again; and again whenever the feed is
   * projected anew, since what was restored from a backup may hold keys that were destroyed.
   */
  const shred = async (entries: readonly { readonly token: string; readonly event: ConsentEvent }[]): Promise<void> => {
    const erased = entries.filter(({ event }) => event.decision === 'erased');
    if (options.dataKeys === undefined || erased.length === 0) return;
    const now = options.now();
    const due = erased.filter(({ event }) => event.at <= now);
    await options.dataKeys.shred(
      due.map(({ token }) => token),
      now,
    );
    const later = erased.filter(({ event }) => event.at > now);
    await options.dataKeys.shredAt(later.map(({ token, event }) => ({ token, at: event.at })));
  };

  /** Brings one partition from where the view stands up to an end. */
  const bringUp = async (bounds: PartitionBounds, from: number, moved: (records: number) => void): Promise<void> => {
    const { partition, low, end } = bounds;
    if (from > end) throw ahead(topic, partition, from, end);
    let position = from;
    restart: while (position < end) {
      for await (const batch of reader.read({ topic, partition, from: position, to: end })) {
        let start = batch.startOffset;
        for (let at = 0; start < batch.nextOffset; at += STEP_EVENTS) {
          const records = batch.records.slice(at, at + STEP_EVENTS);
          const done = at + STEP_EVENTS >= batch.records.length;
          const stepEnd = done ? batch.nextOffset : records.at(-1)!.offset + 1;
          const entries = records.map((record) => placed(topic, partition, record, options.decode));
          await shred(entries);
          const { gapAt } = await view.project({ partition, low, start, end: stepEnd, entries });
          if (gapAt !== null) {
            log.warn(
              { partition, viewAt: gapAt, at: start },
              'The consent view went back; projecting again from there',
            );
            options.observe?.wentBack?.();
            moved(gapAt - start);
            position = gapAt;
            continue restart;
          }
          options.observe?.projected?.(records.map(({ timestamp }) => timestamp));
          moved(stepEnd - start);
          start = stepEnd;
        }
      }
      position = end;
    }
  };

  const catchUp: Projector['catchUp'] = async (progress) => {
    // In this order: where the feed ended later than the view was looked at, the view cannot seem to be ahead of it.
    const mark = await view.watermark();
    if (mark === null) await view.begin({ anew: false });
    const at = options.now();
    const ends = await reader.bounds(topic);
    const standing = ends.map((bounds) => ({ bounds, from: Number(mark?.offsets[bounds.partition] ?? bounds.low) }));
    for (const { bounds, from } of standing) {
      if (from < bounds.low) throw gone(topic, bounds, from);
    }
    const total = standing.reduce((sum, { bounds, from }) => sum + bounds.end - from, 0);
    let done = 0;
    const waiting = standing.values();
    const lane = async (): Promise<void> => {
      for (const { bounds, from } of waiting) {
        await bringUp(bounds, from, (records) => {
          done += records;
          progress?.(done, total);
        });
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: LANES }, lane));
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    await options.dataKeys?.shredDue(options.now());
    const whole = await view.beat(ends, at);
    if (whole) options.observe?.whole?.(at);
    return whole;
  };

  return {
    catchUp,
    run: async (signal) => {
      let wait = POLL_MS;
      let told = '';
      while (!signal.aborted) {
        try {
          await catchUp();
          wait = POLL_MS;
          if (told !== '') log.info({}, 'Projecting consents again');
          told = '';
        } catch (error) {
          if (!(error instanceof LetheError) || !error.retryable) throw error;
          options.observe?.failed?.(error);
          if (told !== error.message) log.warn({ code: error.code }, `${error.message} ${error.fix ?? ''}`.trim());
          told = error.message;
          wait = Math.min(wait * 2, MAX_WAIT_MS);
        }
        await options.sleep(wait, signal);
      }
    },
  };
}

/** An event that cannot be read may be a withdrawal: going on without it could publish what was withdrawn. */
function placed(
  topic: string,
  partition: number,
  { offset, key, value }: RawRecord,
  decode: DecodeEvent,
): { readonly token: string; readonly event: ConsentEvent } {
  const decoded = value === null ? null : decode(value);
  if (decoded === null || key === null || new TextDecoder().decode(key) !== decoded.token) {
    throw new LetheError('data_lost', `${topic}/${partition}/${offset} is no consent event of the subject of its key`, {
      retryable: false,
      fix: 'Find out who wrote it. Until the feed can be read the view ages, and workers pause.',
    });
  }
  return { token: decoded.token, event: { ...decoded.event, version: offset } };
}

function gone(topic: string, { partition, low }: PartitionBounds, from: number): LetheError {
  return new LetheError('data_lost', `${topic}/${partition} begins at offset ${low}, and the view stands at ${from}`, {
    retryable: false,
    fix: `Events in between were deleted. ${topic} is to be kept for ever (retention.ms=-1); restore it, or accept the loss with "lethe consent rebuild".`,
  });
}

function ahead(topic: string, partition: number, from: number, end: number): LetheError {
  return new LetheError('data_lost', `${topic}/${partition} ends at offset ${end}, and the view stands at ${from}`, {
    retryable: false,
    fix: 'The feed was made anew or lost its end. Restore it, or accept the loss with "lethe consent rebuild".',
  });
}
