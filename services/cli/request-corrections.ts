import { readFile } from 'node:fs/promises';
import { parseConsentLine } from '../core/consent-file.ts';
import { LetheError } from '../core/errors.ts';
import type { RequestConsent } from '../core/requests/request.ts';
import { sizeOfFile } from './files.ts';

/** The corrected consent events of one subject, from a consents file. Throws `usage`, naming the line. */
export async function correctionsIn(file: string, subject: string): Promise<readonly RequestConsent[]> {
  sizeOfFile(file, '--consents');
  const corrections: RequestConsent[] = [];
  for (const [index, text] of (await readFile(file, 'utf8')).split('\n').entries()) {
    if (text.trim() === '') continue;
    const line = parseConsentLine(text);
    const wrong = (message: string): LetheError =>
      new LetheError('usage', `${file}:${index + 1}: ${message}`, { fix: 'Correct the line; nothing was done.' });
    if (!line.ok) throw wrong(line.message);
    if (line.subject !== subject) throw wrong('this is about another subject than the request');
    if (line.event.decision === 'erased' || line.event.decision === 'reinstated') {
      throw wrong('an erasure is no correction');
    }
    const { source: _, ...event } = line.event;
    corrections.push(event);
  }
  return corrections;
}
