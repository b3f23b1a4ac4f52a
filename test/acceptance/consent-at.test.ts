/** Issue 5, interval semantics: consent that must also have been in force when the event happened. */
import { describe, expect, it } from 'vitest';
import { folderOf, lethe } from './command.ts';
import { configFiles, KEYS, NOW, outcomeOf, replayed } from './replayed.ts';

const config = {
  taxonomy: 'categories: { system: {}, user: {}, user.unique_id: {}, user.health: { sensitive: true } }\n',
  purposes: 'purposes:\n  analytics: { basis: { default: consent }, retention: { default: P3650D } }\n',
  policies: {
    visits: `route: visits
from: { topic: raw.visits, format: json }
subject: id
time: at
fields: { id: user.unique_id, at: system, n: system, health: user.health }
outputs:
  - topic: now
    purpose: analytics
    rules: [{ select: system, action: keep }, { select: user.health, action: keep }]
  - topic: both
    purpose: analytics
    consent_at: event_and_decision
    rules: [{ select: system, action: keep }, { select: user.health, action: keep }]
  - topic: both.strip
    purpose: analytics
    consent_at: event_and_decision
    unconsented: strip
    rules: [{ select: system, action: keep }, { select: user.health, action: keep }]
`,
  },
};
const said = (decision: string, at: string, method = 'explicit'): object => ({
  ...{ subject: 'c-1', purpose: 'analytics', decision, at, method },
});
const CONSENTS = [
  said('granted', '2026-01-10T00:00:00Z', 'implicit'),
  said('withdrawn', '2026-01-15T00:00:00Z'),
  said('granted', '2026-01-20T00:00:00Z'),
];
/** By day of January; each record says its own. */
const DAYS = [5, 12, 17, 25];
const lines = DAYS.map(
  (n) => `{"id":"c-1","at":"2026-01-${String(n).padStart(2, '0')}T00:00:00Z","n":${n},"health":"x"}`,
);

describe('consent_at: event_and_decision', () => {
  it('withholds what happened while there was no consent, for the reason of that time', async () => {
    const { fate } = await replayed({ config, lines, consents: CONSENTS });
    const outcomes = (topic: string): string[] => lines.map((_, line) => outcomeOf(fate(line), topic));
    const stripped = lines.map((line) => line.replace('"id":"c-1",', '').replace(',"health":"x"', ''));
    const whole = lines.map((line) => line.replace('"id":"c-1",', ''));
    expect(outcomes('now')).toEqual(whole);
    // Of the second day consent is no more than implicit at the event's time: what is sensitive stays out.
    expect(outcomes('both')).toEqual(['withheld consent_missing', stripped[1], 'withheld consent_withdrawn', whole[3]]);
    expect(outcomes('both.strip')).toEqual([...stripped.slice(0, 3), whole[3]]);
  });

  it('is explained: which moment decided, and that nothing said from now on changes it', async () => {
    const consents = CONSENTS.map((one) => `${JSON.stringify(one)}\n`).join('');
    const folder = folderOf({ ...configFiles(config), 'keys.json': KEYS, 'consents.jsonl': consents });
    const args = [
      'explain',
      'config',
      '--route',
      'visits',
      '--consents',
      'consents.jsonl',
      '--now',
      NOW,
      '--format',
      'json',
    ];
    const env = { LETHE_KEYS_FILE: `${folder}/keys.json` };
    const told = async (line: string | undefined) => {
      const { stdout } = await lethe(args, { env, cwd: folder, stdin: `${line}\n` });
      type Output = {
        topic: string;
        why: string;
        change: string | null;
        consent: { at: string };
        fields: { why: string }[];
      };
      return (JSON.parse(stdout) as { outputs: Output[] }).outputs.find(({ topic }) => topic === 'both')!;
    };
    const withheld = await told(lines[2]);
    expect(withheld.why).toBe(
      "the withdrawal of 2026-01-15T00:00:00.000Z is the last word, at the event's time 2026-01-17T00:00:00.000Z (consent_at: event_and_decision)",
    );
    expect(withheld.change).toMatch(/^Nothing that is said from now on/);
    expect(withheld.consent.at).toBe('2026-01-15T00:00:00.000Z');
    const published = await told(lines[1]);
    expect(published.why).toMatch(/^the grant of 2026-01-20.* and nothing stood against it at the event's time$/);
    expect(published.fields.map(({ why }) => why).join()).toContain("is implicit, at the event's time 2026-01-12");
  });
});
