import { describe, expect, it } from 'vitest';
import { makeMemoryConsentLog } from '../../../services/adapters/memory/consent-log.ts';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { importConsents } from '../../../services/cli/consent-import.ts';
import { readConsents } from '../../../services/core/consent-report.ts';
import { LetheError } from '../../../services/core/errors.ts';
import type { ConsentLog, ConsentStore } from '../../../services/core/ports.ts';

const keyring = {
  subjectTokens: (subject: string) => [`new-${Buffer.from(subject).toString('hex')}`, `old-${subject.length}`],
};

const line = (subject: string | number, decision: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ subject, purpose: 'analytics', decision, at: '2026-01-05T10:00:00Z', ...more });

type World = {
  readonly log: ReturnType<typeof makeMemoryConsentLog>;
  readonly view: ConsentStore;
  readonly problems: string[];
  readonly run: (
    texts: string | readonly string[],
    change?: { log?: ConsentLog; view?: Pick<ConsentStore, 'add'> },
  ) => ReturnType<typeof importConsents>;
};

function world(): World {
  const log = makeMemoryConsentLog();
  const view = makeMemoryStores(() => '').consents;
  const problems: string[] = [];
  return {
    log,
    view,
    problems,
    run(texts, change) {
      const contents = typeof texts === 'string' ? [texts, texts] : [...texts];
      async function* open(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(contents.shift() ?? '');
      }
      return importConsents({
        file: 'consents.jsonl',
        open,
        keyring,
        log,
        view,
        report: (problem) => problems.push(problem),
        ...change,
      });
    },
  };
}

describe('lethe consent import', () => {
  it('appends every event under the token of the signing key and adds it to the view with its offset', async () => {
    const { run, log, view } = world();
    const text = [line('cust-1', 'granted'), '', line(7, 'denied'), '  ', line('cust-1', 'withdrawn')].join('\n');
    expect(await run(text)).toEqual({ ok: true, events: 3 });
    const [one, seven] = [keyring.subjectTokens('cust-1')[0] as string, keyring.subjectTokens('7')[0] as string];
    expect(log.entries.map(({ token }) => token)).toEqual([one, seven, one]);
    const { events } = await view.load([one, seven]);
    expect(events.get(one)?.map(({ version, decision }) => [version, decision])).toEqual([
      [0, 'granted'],
      [2, 'withdrawn'],
    ]);
    expect(events.get(seven)?.map(({ version, decision }) => [version, decision])).toEqual([[1, 'denied']]);
    expect(JSON.stringify(log.entries)).not.toContain('cust-1');
  });

  it('reports every bad line and imports nothing where there is one', async () => {
    const { run, log, view, problems } = world();
    const text = [line('secret-id', 'granted'), '{', line('secret-id', 'Granted'), line('', 'denied')].join('\n');
    expect(await run(text)).toEqual({ ok: false, problems: 3 });
    expect(problems.map((problem) => problem.split(': ')[0])).toEqual([
      'consents.jsonl:2',
      'consents.jsonl:3',
      'consents.jsonl:4',
    ]);
    expect(problems.join()).not.toContain('secret-id');
    expect(log.entries).toEqual([]);
    expect((await view.load([keyring.subjectTokens('secret-id')[0] as string])).events.size).toBe(0);
  });

  it('takes an empty file for no events', async () => {
    expect(await world().run('')).toEqual({ ok: true, events: 0 });
  });

  it('takes thousands of lines in order, and says how far it is', async () => {
    const { run, log } = world();
    const told: [string, number][] = [];
    const text = Array.from({ length: 4_500 }, (_, n) => line(n, 'granted')).join('\n');
    async function* open(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text);
    }
    const view = makeMemoryStores(() => '').consents;
    const progress = (pass: string, lines: number): void => void told.push([pass, lines]);
    const options = { file: 'f', open, keyring, log, view, report: () => {}, progress };
    expect(await importConsents(options)).toEqual({ ok: true, events: 4_500 });
    expect(log.entries.map(({ token }) => token)).toEqual(
      Array.from({ length: 4_500 }, (_, n) => keyring.subjectTokens(String(n))[0]),
    );
    expect(told.at(-1)).toEqual(['imported', 4_500]);
    expect(told).toContainEqual(['checked', 4_500]);
    expect(await run('')).toEqual({ ok: true, events: 0 });
  });

  it('returns only once the view holds the events, and fails where the view fails', async () => {
    const { run } = world();
    let added = false;
    const slow = {
      add: () =>
        new Promise<void>((resolve) =>
          setTimeout(() => {
            added = true;
            resolve();
          }, 20),
        ),
    };
    expect(await run(line('cust-1', 'granted'), { view: slow })).toMatchObject({ ok: true });
    expect(added).toBe(true);
    const broken = { add: () => Promise.reject(new LetheError('unavailable', 'away')) };
    const many = Array.from({ length: 4_500 }, (_, n) => line(n, 'granted')).join('\n');
    for (const text of [line('cust-1', 'granted'), many]) {
      await expect(run(text, { view: broken })).rejects.toMatchObject({ code: 'unavailable' });
    }
  });

  it('adds nothing to the view that the feed did not take', async () => {
    const { run, view } = world();
    const broken = { append: () => Promise.reject(new LetheError('unavailable', 'away')) };
    await expect(run(line('cust-1', 'granted'), { log: broken })).rejects.toMatchObject({ code: 'unavailable' });
    expect((await view.load([keyring.subjectTokens('cust-1')[0] as string])).events.size).toBe(0);
    const silent = { append: () => Promise.resolve([]) };
    await expect(run(line('cust-1', 'granted'), { log: silent })).rejects.toMatchObject({ code: 'bug' });
  });

  it('stops where the file was changed between checking and importing', async () => {
    const { run, log } = world();
    const texts = [line('cust-1', 'granted'), line('cust-1', 'Granted')];
    await expect(run(texts)).rejects.toMatchObject({ code: 'invalid_config' });
    expect(log.entries).toEqual([]);
  });

  it('imported twice comes to the same state', async () => {
    const { run, view } = world();
    const text = [line('cust-1', 'withdrawn'), line('cust-1', 'granted', { at: '2026-01-04T10:00:00Z' })].join('\n');
    await run(text);
    await run(text);
    const now = Date.UTC(2026, 5, 1);
    expect((await readConsents('cust-1', keyring, view, now)).purposes['analytics']?.decision).toBe('withdrawn');
  });
});
