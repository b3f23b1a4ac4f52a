/** The report of `lethe verify` as people read it. */
import type { VerifyReport } from './verify.ts';

/** Findings printed; JSON holds more. */
const MAX_SHOWN = 100;

export function verifyText(report: VerifyReport): string {
  const lines: string[] = [];
  for (const chain of report.chains) {
    const { topic, partition, firstOffset, lastOffset, gone, segments, records, head, verified, raw } = chain;
    lines.push(
      `${topic}/${partition}  offsets ${firstOffset}–${lastOffset}  ${records} records in ${segments} segments  head ${head}`,
    );
    if (verified.segments < segments)
      lines.push(`  read now: ${verified.records} records in ${verified.segments} segments`);
    if (gone !== null)
      lines.push(`  segments before offset ${gone} are not there any more; the checkpoint covers them`);
    for (const [output, { published, withheld }] of Object.entries(verified.outputs)) {
      lines.push(`  ${output}: published ${published}, withheld ${counts(withheld)}`);
    }
    if (Object.keys(verified.deadLetters).length > 0) lines.push(`  dead letters ${counts(verified.deadLetters)}`);
    if (raw !== null) {
      const span = raw.from === null || raw.to === null ? 'nothing new' : `offsets ${raw.from}–${raw.to - 1}`;
      const waiting = Math.max(0, raw.end - lastOffset - 1);
      lines.push(
        `  raw topic: compared ${span}, ${raw.records} records; holds ${raw.low}–${raw.end - 1}; not decided about yet: ${waiting} offsets`,
      );
    }
  }
  for (const { kind, at, message } of report.findings.slice(0, MAX_SHOWN)) {
    lines.push(`FINDING ${kind}${at === null ? '' : ` ${at}`}: ${message}`);
  }
  const hidden = report.findingsTotal - Math.min(MAX_SHOWN, report.findings.length);
  if (hidden > 0) lines.push(`… and ${hidden} more (--format json lists the first ${report.findings.length})`);
  for (const note of report.notes) lines.push(`note: ${note}`);
  if (report.checkpoint !== null) {
    const { number, at, key, resumed } = report.checkpoint;
    lines.push(`${resumed ? 'resumed from' : 'held against'} checkpoint ${number} of ${at}, signed with key ${key}`);
  }
  if (report.signed !== null) {
    const { number, hash, key } = report.signed;
    lines.push(`signed checkpoint ${number} with key ${key}; its hash, to be kept elsewhere: ${hash}`);
  }
  const done = `verified ${report.records} records in ${report.segments} segments of ${report.chains.length} partitions`;
  const result = report.ok ? 'complete and unaltered' : `${report.findingsTotal} finding(s)`;
  lines.push(`${report.audit}: ${done}: ${result}`);
  return `${lines.map(printable).join('\n')}\n`;
}

function counts(by: Readonly<Record<string, number>>): string {
  const entries = Object.entries(by);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  if (entries.length === 0) return '0';
  return `${total} (${entries.map(([name, count]) => `${name} ${count}`).join(', ')})`;
}

/** A forged segment may name anything: nothing of it may steer a terminal. */
function printable(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/g, '?');
}
