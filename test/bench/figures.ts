/** The arithmetic of the bench: what was measured, held against what it has to reach (issue 3). */

/** One line of the result. `goal` bounds `measured` from the side that `sense` names. */
export type Figure = {
  readonly name: string;
  readonly unit: '×' | 'MB' | '%' | 'a batch' | 'records/s' | 's' | 'ms' | 'consents' | 'consents/s';
  readonly sense: 'at least' | 'at most';
  /** Null: shown for information; there is nothing to reach. */
  readonly goal: number | null;
  readonly measured: number;
  /** Lowest and highest of the rounds, where there were several. */
  readonly spread: readonly [low: number, high: number] | null;
};

export type Verdict = 'reached' | 'missed' | 'shown';

/** A measurement that is no number has reached nothing. */
export function verdictOf({ sense, goal, measured }: Figure): Verdict {
  if (goal === null) return 'shown';
  return (sense === 'at least' ? measured >= goal : measured <= goal) ? 'reached' : 'missed';
}

/** The middle value; of an even number the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const high = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[half - 1] ?? Number.NaN) + high) / 2;
}

export function spreadOf(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/**
 * The ratio of two ways that were run in turns: the median of the rounds' ratios. Neighbours in time met the same
 * machine, so their ratio is steadier than that of the medians.
 */
export function ratioOfRounds(
  ones: readonly number[],
  others: readonly number[],
): { readonly ratio: number; readonly spread: readonly [number, number] } {
  if (ones.length !== others.length || ones.length === 0) throw new RangeError('rounds come in pairs');
  const ratios = ones.map((one, round) => one / (others[round] as number));
  return { ratio: median(ratios), spread: spreadOf(ratios) };
}

/** How many records of a topic were through at a moment (milliseconds from any origin). */
export type Progress = { readonly at: number; readonly records: number };

/**
 * Records per second between a quarter and all of `total`. The first quarter is left out: in it a process joins its
 * group, opens its connections and compiles its code.
 */
export function steadyRate(progress: readonly Progress[], total: number): number {
  const from = progress.find(({ records }) => records >= total / 4);
  const to = progress.find(({ records }) => records >= total);
  if (from === undefined || to === undefined || to.at <= from.at) return Number.NaN;
  return ((to.records - from.records) / (to.at - from.at)) * 1000;
}

/** The `calls` of one command in the answer to Redis' `INFO commandstats`. */
export function callsOf(info: string, command: string): number {
  const line = info.split(/\r?\n/).find((one) => one.startsWith(`cmdstat_${command}:`));
  return Number(/\bcalls=(\d+)/.exec(line ?? '')?.[1] ?? 0);
}

/** A field of /proc/PID/status that is given in kB, as MB (10^6 bytes). */
export function statusMegabytes(status: string, field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kilobytes === undefined ? Number.NaN : (Number(kilobytes) * 1024) / 1e6;
}

/** Clock ticks of user and system time in /proc/PID/stat. The second field may hold spaces and brackets. */
export function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
