/** What `lethe diff` prints: names, numbers and coordinates; never a value. */
import { type Finding, isExposure } from '../core/diff/finding.ts';
import type { Measured } from '../core/diff/measured-tally.ts';
import { markdownReport } from './diff-markdown.ts';
import { textReport } from './diff-text.ts';

export type DiffReport = {
  readonly old: { readonly name: string; readonly digest: string };
  readonly new: { readonly name: string; readonly digest: string };
  /** `measured` is null where nothing was measured. */
  readonly exposure: { readonly static: boolean; readonly measured: boolean | null };
  readonly findings: readonly Finding[];
  readonly measured: ({ readonly route: string; readonly source: string } & Measured) | null;
};

export function printReport(report: DiffReport, format: 'text' | 'json' | 'md'): string {
  switch (format) {
    case 'text':
      return textReport(report);
    case 'md':
      return markdownReport(report);
    case 'json':
      return `${JSON.stringify(withExposure(report), null, 2)}\n`;
  }
}

/** Each finding says itself whether it counts as exposure, so that scripts need not know the rule. */
function withExposure({ findings, ...rest }: DiffReport): unknown {
  return { ...rest, findings: findings.map((finding) => ({ ...finding, exposure: isExposure(finding) })) };
}
