import { TLS_FILES_UNUSABLE } from '../connection-faults.ts';
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

/** What a server showed at the handshake, and whether it is trusted. @param otherwise what to do about anything else */
export function judgePeer(
  say: Say,
  subject: string,
  seen: { readonly ok: boolean; readonly reason?: string; readonly validTo: number | null },
  names: { readonly ca: string; readonly cert: string; readonly key: string; readonly otherwise: string },
  now: number,
): readonly Finding[] {
  if (seen.reason === TLS_FILES_UNUSABLE) {
    const fix = `Check that ${names.ca}, ${names.cert} and ${names.key} are whole PEM files and that the key is that of the certificate.`;
    return [say.fail(subject, 'our certificate or key cannot be used', fix, 'config')];
  }
  return [
    ...(seen.validTo === null ? [] : [judgeCertificate(say, subject, seen.validTo, now)]),
    ...(seen.ok ? [] : [say.fail(subject, `TLS fails: ${seen.reason ?? 'no TLS'}`, names.otherwise)]),
  ];
}
