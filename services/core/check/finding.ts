/** What `lethe check` finds, and the exit code that follows from it. */

export const SECTIONS = ['settings', 'keys', 'kafka', 'topics', 'kafka rights', 'redis', 'registry', 'bundle'] as const;

export type Section = (typeof SECTIONS)[number];

/** Why a failed finding fails: what is written is wrong, or somebody else has to be there or allow something. */
export type Fault = 'config' | 'unavailable';

export type Finding = {
  readonly section: Section;
  /** A file, an endpoint, a topic, a right. */
  readonly subject: string;
  readonly finding: string;
  /** What to do; null where there is nothing to do. */
  readonly fix: string | null;
} & ({ readonly level: 'ok' | 'warn' } | { readonly level: 'fail'; readonly fault: Fault });

/** Makes the findings of one section. */
export type Say = {
  readonly ok: (subject: string, finding: string) => Finding;
  readonly warn: (subject: string, finding: string, fix: string) => Finding;
  readonly fail: (subject: string, finding: string, fix: string, fault?: Fault) => Finding;
};

export function saying(section: Section): Say {
  return {
    ok: (subject, finding) => ({ section, level: 'ok', subject, finding, fix: null }),
    warn: (subject, finding, fix) => ({ section, level: 'warn', subject, finding, fix }),
    fail: (subject, finding, fix, fault = 'unavailable') => ({ section, level: 'fail', fault, subject, finding, fix }),
  };
}

/** `1 day`, `2 days`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/**
 * 0 where nothing fails. 78 (invalid configuration) wins over 69 (unreachable or not authorised): starting again cures the
 * one, never the other (EX_CONFIG and EX_UNAVAILABLE of sysexits.h).
 */
export function exitCodeOf(findings: readonly Finding[]): 0 | 69 | 78 {
  const failed = findings.filter((one) => one.level === 'fail');
  if (failed.some(({ fault }) => fault === 'config')) return 78;
  return failed.length > 0 ? 69 : 0;
}
