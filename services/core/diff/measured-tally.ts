/** What a measured diff counts: numbers, declared names and coordinates of examples; never a value. */

/**
 * How a value left otherwise than before. `unclear`: in a form that cannot be ordered against the old one; `equal`:
 * otherwise written, but telling the same.
 */
export const FIELD_CHANGES = ['exposed', 'hidden', 'more', 'less', 'unclear', 'equal'] as const;
export type FieldChange = (typeof FIELD_CHANGES)[number];

/** Of several records, with coordinates of the first few. */
export type Counted = { readonly records: number; readonly examples: readonly string[] };

export type MeasuredField = {
  /** Declared path, `headers.NAME`, `(key)`, or `(structure)`: a container left that did not, or the reverse. */
  readonly path: string;
  /** Values, by change. */
  readonly values: Readonly<Record<FieldChange, number>>;
  readonly examples: Readonly<Partial<Record<FieldChange, readonly string[]>>>;
};

export type MeasuredCategory = {
  readonly category: string;
  readonly values: Readonly<Record<FieldChange, number>>;
  readonly fields: readonly MeasuredField[];
};

export type MeasuredOutput = {
  readonly topic: string;
  readonly published: { readonly before: number; readonly after: number };
  /** By why they were not published before: a withheld reason, `dead_lettered` or `no_output`. */
  readonly newlyPublished: Counted & { readonly reasons: Readonly<Record<string, number>> };
  /** By why they are not published any more. */
  readonly newlyWithheld: Counted & { readonly reasons: Readonly<Record<string, number>> };
  /** Not published before nor after, but for another reason: `before → after`. */
  readonly reasonChanged: Readonly<Record<string, number>>;
  /** Published before and after, but not the same. */
  readonly changed: Counted;
  readonly categories: readonly MeasuredCategory[];
};

export type Measured = {
  readonly records: number;
  readonly deadLetters: {
    /** By code. */
    readonly new: Counted & { readonly codes: Readonly<Record<string, number>> };
    readonly gone: Counted & { readonly codes: Readonly<Record<string, number>> };
    /** Dead letters before and after. */
    readonly both: number;
  };
  readonly outputs: readonly MeasuredOutput[];
};

/** Whether anything left, of any record, that did not before, or in a form that tells more or cannot be ordered. */
export function measuredExposure({ outputs }: Measured): boolean {
  return outputs.some(
    ({ newlyPublished, categories }) =>
      newlyPublished.records > 0 || categories.some(({ values }) => values.exposed + values.more + values.unclear > 0),
  );
}

type Where = () => string;

/** Counts records and remembers the first few. */
class Counter {
  records = 0;
  readonly by = new Map<string, number>();
  readonly examples: string[] = [];
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(by: string | null, at: Where): void {
    this.records++;
    if (by !== null) this.by.set(by, (this.by.get(by) ?? 0) + 1);
    if (this.examples.length < this.#keep) this.examples.push(at());
  }
}

type Field = {
  readonly path: string;
  readonly category: string;
  readonly values: Record<FieldChange, number>;
  readonly examples: Partial<Record<FieldChange, string[]>>;
};

const noValues = (): Record<FieldChange, number> => ({
  exposed: 0,
  hidden: 0,
  more: 0,
  less: 0,
  unclear: 0,
  equal: 0,
});

export class OutputTally {
  before = 0;
  after = 0;
  readonly newlyPublished: Counter;
  readonly newlyWithheld: Counter;
  readonly changed: Counter;
  readonly reasonChanged: Counter;
  readonly #fields = new Map<string, Map<string, Field>>();
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
    this.newlyPublished = new Counter(keep);
    this.newlyWithheld = new Counter(keep);
    this.changed = new Counter(keep);
    this.reasonChanged = new Counter(0);
  }

  /** @param count values of one record. */
  field(path: string, category: string, change: FieldChange, count: number, at: Where): void {
    let ofCategory = this.#fields.get(category);
    if (ofCategory === undefined) this.#fields.set(category, (ofCategory = new Map()));
    let field = ofCategory.get(path);
    if (field === undefined) ofCategory.set(path, (field = { path, category, values: noValues(), examples: {} }));
    field.values[change] += count;
    const examples = (field.examples[change] ??= []);
    if (examples.length < this.#keep) examples.push(at());
  }

  result(topic: string): MeasuredOutput {
    return {
      topic,
      published: { before: this.before, after: this.after },
      newlyPublished: { ...counted(this.newlyPublished), reasons: sortedCounts(this.newlyPublished.by) },
      newlyWithheld: { ...counted(this.newlyWithheld), reasons: sortedCounts(this.newlyWithheld.by) },
      reasonChanged: sortedCounts(this.reasonChanged.by),
      changed: counted(this.changed),
      categories: [...this.#fields].sort(byName).map(([category, fields]) => {
        const values = noValues();
        for (const field of fields.values()) {
          for (const change of FIELD_CHANGES) values[change] += field.values[change];
        }
        const shown = [...fields].sort(byName).map(([path, field]) => ({
          path,
          values: field.values,
          examples: field.examples,
        }));
        return { category, values, fields: shown };
      }),
    };
  }
}

/** All that is counted of one route. Its size depends on the configuration alone, not on the number of records. */
export class MeasuredTally {
  records = 0;
  bothDead = 0;
  readonly newlyDead: Counter;
  readonly deadNoMore: Counter;
  readonly #outputs = new Map<string, OutputTally>();
  readonly #keep: number;

  /** @param examples coordinates kept of each kind of change. */
  constructor(examples: number) {
    this.#keep = examples;
    this.newlyDead = new Counter(examples);
    this.deadNoMore = new Counter(examples);
  }

  output(topic: string): OutputTally {
    let tally = this.#outputs.get(topic);
    if (tally === undefined) this.#outputs.set(topic, (tally = new OutputTally(this.#keep)));
    return tally;
  }

  result(): Measured {
    return {
      records: this.records,
      deadLetters: {
        new: { ...counted(this.newlyDead), codes: sortedCounts(this.newlyDead.by) },
        gone: { ...counted(this.deadNoMore), codes: sortedCounts(this.deadNoMore.by) },
        both: this.bothDead,
      },
      outputs: [...this.#outputs].sort(byName).map(([topic, tally]) => tally.result(topic)),
    };
  }
}

function counted({ records, examples }: Counter): Counted {
  return { records, examples };
}

function sortedCounts(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(byName));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
