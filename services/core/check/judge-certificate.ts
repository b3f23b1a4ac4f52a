import { counted, type Finding, type Say } from './finding.ts';

const DAY_MS = 86_400_000;
/** Time enough to get a new one. */
const SOON_DAYS = 30;

/** @param validTo epoch milliseconds, as `now` */
export function judgeCertificate(say: Say, subject: string, validTo: number, now: number): Finding {
  const days = Math.floor((validTo - now) / DAY_MS);
  const until = new Date(validTo).toISOString().slice(0, 10);
  if (validTo <= now) return say.fail(subject, `certificate ran out on ${until}`, 'Get a new one.', 'config');
  if (days < SOON_DAYS) {
    return say.warn(
      subject,
      `certificate runs out in ${counted(days, 'day')}, on ${until}`,
      'Get a new one before that.',
    );
  }
  return say.ok(subject, `certificate good for ${counted(days, 'day')}, until ${until}`);
}
