import { LetheError } from '../../core/errors.ts';
import type { Keyring } from '../../core/keyring.ts';
import type { RegisteredSchema, SchemaRegistry } from '../../core/ports.ts';
import { type Breach, breachesOf } from '../../core/policy/guard-breaches.ts';
import type { CompiledRoute } from '../../core/policy/plan.ts';
import { valueSubject } from './output-schemas.ts';
import { compileWriter } from './writer-program.ts';
import type { WriterProgram } from './writer-program.ts';

/** A look-up of the subject's versions every so often, with a few in reserve for schemas that come in a row. */
const REFILL_MS = 2000;
const RESERVE = 5;
/** How long an id stays unknown after it was asked for. */
const UNKNOWN_MS = 5000;
const MAX_UNKNOWN = 10_000;
/** A refused output schema is tried again: somebody may have changed the subject's compatibility. */
const REFUSED_MS = 30_000;

/** Registers (or finds) an output's schema and returns its id; throws `invalid_config` where the registry refuses it. */
export type OutputSchemaId = (subject: string, schemaText: string) => Promise<number>;

/** Hears of a schema whose tags would break guards; its plan drops what would (issue 4). */
export type OnGuarded = (schemaId: number, breaches: readonly Breach[]) => void;

export type KnownWriter = {
  readonly program: WriterProgram;
  /** By output index: the id of its schema, or −1 where the registry refused it. */
  readonly outputIds: number[];
  /** When to ask again for what was refused, epoch milliseconds. */
  retryAt: number;
};

/**
 * The writer schemas of a route: those registered under the raw topic's subject and no others, since an id comes from
 * the bytes of a record and could name any schema of the registry. Each is compiled once. A flood of made-up ids costs
 * the registry one question every two seconds.
 */
export class WriterSchemas {
  readonly #route: CompiledRoute;
  readonly #registry: SchemaRegistry;
  readonly #keyring: Keyring;
  readonly #outputSchemaId: OutputSchemaId;
  readonly #clock: () => number;
  readonly #onGuarded: OnGuarded;
  /** Every id of the subject; null: a schema that cannot be used. */
  readonly #known = new Map<number, KnownWriter | null>();
  /** Id → until when it stays unknown. */
  readonly #unknown = new Map<number, number>();
  /** Raw schemas of the subject that no record has named yet. */
  #listed: ReadonlyMap<number, string> = new Map();
  #questions = RESERVE;
  #refilledAt: number;

  constructor(
    route: CompiledRoute,
    registry: SchemaRegistry,
    keyring: Keyring,
    outputSchemaId: OutputSchemaId,
    clock: () => number,
    onGuarded: OnGuarded = () => undefined,
  ) {
    this.#route = route;
    this.#registry = registry;
    this.#keyring = keyring;
    this.#outputSchemaId = outputSchemaId;
    this.#clock = clock;
    this.#onGuarded = onGuarded;
    this.#refilledAt = clock();
  }

  /** Null: no schema of this route. */
  get(id: number): KnownWriter | null {
    return this.#known.get(id) ?? null;
  }

  /** Makes all that can be known of these ids known. Throws `unavailable`. */
  async prepare(ids: ReadonlySet<number>): Promise<void> {
    const now = this.#clock();
    const fresh = [...ids].filter((id) => !this.#known.has(id) && !this.#listed.has(id));
    const asked = fresh.filter((id) => (this.#unknown.get(id) ?? 0) <= now);
    if (asked.length > 0 && this.#mayAsk(now)) {
      const versions = await this.#list();
      this.#listed = new Map(versions.map(({ id, schema }) => [id, schema]));
      this.#forgetOld(now);
      for (const id of asked) if (!this.#listed.has(id)) this.#unknown.set(id, now + UNKNOWN_MS);
    }
    for (const id of ids) await this.#compile(id, now);
  }

  /** A question that got no answer is not counted: what is not known must never pass for unknown. */
  async #list(): Promise<readonly RegisteredSchema[]> {
    try {
      return await this.#registry.versions(valueSubject(this.#route.topic));
    } catch (error) {
      this.#questions++;
      throw error;
    }
  }

  async #compile(id: number, now: number): Promise<void> {
    const known = this.#known.get(id);
    if (known === null) return;
    if (known !== undefined) {
      if (known.retryAt <= now) await this.#register(known, now);
      return;
    }
    const schema = this.#listed.get(id);
    if (schema === undefined) return;
    const program = compileWriter(this.#route, schema, this.#keyring);
    if (program === null) {
      this.#known.set(id, null);
      return;
    }
    const breaches = breachesOf(program.plan);
    if (breaches.length > 0) this.#onGuarded(id, breaches);
    const writer: KnownWriter = { program, outputIds: program.outputs.map(() => -1), retryAt: 0 };
    await this.#register(writer, now);
    this.#known.set(id, writer);
    this.#unknown.delete(id);
  }

  async #register(writer: KnownWriter, now: number): Promise<void> {
    let refused = false;
    for (const [index, output] of writer.program.outputs.entries()) {
      if ((writer.outputIds[index] ?? -1) >= 0) continue;
      try {
        writer.outputIds[index] = await this.#outputSchemaId(valueSubject(output.topic), output.schemaText);
      } catch (error) {
        if (!(error instanceof LetheError) || error.code !== 'invalid_config') throw error;
        refused = true;
      }
    }
    writer.retryAt = refused ? now + REFUSED_MS : Number.POSITIVE_INFINITY;
  }

  #mayAsk(now: number): boolean {
    const refill = Math.floor(Math.max(0, now - this.#refilledAt) / REFILL_MS);
    if (refill > 0) {
      this.#questions = Math.min(RESERVE, this.#questions + refill);
      this.#refilledAt += refill * REFILL_MS;
    }
    if (this.#questions === 0) return false;
    this.#questions--;
    return true;
  }

  #forgetOld(now: number): void {
    if (this.#unknown.size < MAX_UNKNOWN) return;
    for (const [id, until] of this.#unknown) if (until <= now) this.#unknown.delete(id);
    if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
  }
}
