import { otherwiseText, type ShownProof } from './prove-words.ts';

/**
 * A proof for machines: the same facts, with positions and durations in milliseconds. What is `undefined` here JSON
 * leaves out: it is said once, above.
 */
export function proofAsJson({ proof, subjectOf }: ShownProof): string {
  const routes = proof.routes.map(({ name, topic, format, schemas, outputs }) => ({
    route: name,
    topic,
    format,
    schemas: schemas === null ? null : { subject: subjectOf(topic), ...schemas },
    outputs: outputs.map(({ plan, grounds, cells }) => ({
      topic: plan.topic,
      purpose: plan.purpose.name,
      recipient: plan.purpose.recipient,
      retentionMs: plan.purpose.retentionMs,
      unconsented: plan.unconsented,
      otherwise: otherwiseText(plan),
      grounds,
      categories: cells.map(({ category, ways, blocked }) => ({
        category: category.name,
        personal: category.personal,
        sensitive: category.sensitive,
        canGetThere: ways.length > 0,
        ways: ways.map((way) => ({ ...way, category: undefined })),
        blocked: blocked.map(({ guarded, ...rest }) => ({
          ...rest,
          category: undefined,
          guards: guarded?.by.map(({ position }) => position) ?? [],
        })),
      })),
    })),
  }));
  const guards = proof.guards.map(({ guard, text, holds, brokenBy, outputs, tags }) => ({
    ...{ name: guard.name, why: guard.why, category: guard.category, position: guard.position, text, holds, outputs },
    brokenBy: brokenBy.map((breach) => ({ ...breach, guard: undefined })),
    tagsThatWouldBreakIt: tags,
  }));
  return `${JSON.stringify({ holds: proof.holds, routes, guards }, null, 2)}\n`;
}
