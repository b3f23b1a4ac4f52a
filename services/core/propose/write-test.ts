/** The text of a first policy test: whatever the record holds, nothing of it is published. Its values are made up. */
import { type Path, parsePath } from '../policy/path.ts';
import type { Draft, DraftField } from './draft.ts';
import { NO_SUBJECT } from './write-policy.ts';
import { yamlBlock, yamlComment, yamlText, type YamlTree } from './yaml-text.ts';

/** When the made-up event happened, and when it is judged. */
const EVENT_AT = '2026-01-01T00:00:00Z';
const EVENT_MS = 1_767_225_600_000;
const CONSENT_AT = '2025-12-01T00:00:00Z';
const NOW = '2026-01-01T01:00:00Z';

const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ['user.contact.email', 'user1@example.com'],
  ['user.contact.phone_number', '+15555550100'],
  ['user.contact.address.country', 'XX'],
  ['user.device.ip_address', '192.0.2.1'],
  ['user.unique_id', 'cust-1'],
  ['user.demographic.date_of_birth', '1990-01-01'],
]);

type Tree = { [key: string]: YamlTree };

export function policyTestText(draft: Draft): string {
  const { purpose, outputTopic, roles, name } = draft;
  const input = inputOf(draft);
  const topic = yamlText(outputTopic);
  const grant = [
    `purpose: ${yamlText(purpose.name)}`,
    'decision: granted',
    `at: ${yamlText(CONSENT_AT)}`,
    'method: explicit',
    ...(purpose.recipient === null ? [] : [`recipients: [${yamlText(purpose.recipient)}]`]),
  ].join(', ');
  const without = { ...input };
  const subject = parsePath(roles.subject.path ?? NO_SUBJECT);
  const root = subject.ok && subject.path[0]?.kind === 'key' ? subject.path[0].name : NO_SUBJECT;
  delete without[root];
  const record = (tree: Tree): string =>
    Object.keys(tree).length === 0 ? '    input: {}\n' : `    input:\n${yamlBlock(tree, '      ')}`;
  const test = (title: string, consent: string, tree: Tree, expected: string): string =>
    `\n  - name: ${title}\n    now: ${yamlText(NOW)}\n    consent: ${consent}\n${record(tree)}    expect: ${expected}\n`;
  return [
    yamlComment(`What policies/${name}.yaml must never do; \`lethe test\` runs it. All values are made up.`),
    'tests:',
    ...(purpose.defaultBasis === 'consent'
      ? [
          test(
            'nothing is published without consent',
            '[]',
            input,
            `{ outputs: { ${topic}: { withheld: consent_missing } } }`,
          ),
        ]
      : []),
    test(
      'nothing personal is published, whatever was consented to',
      `[{ ${grant} }]`,
      input,
      `{ outputs: { ${topic}: { value: {} } } }`,
    ),
    test('a record without a subject is a dead letter', '[]', without, '{ dead_letter: subject_missing }'),
  ].join('');
}

/** A record with every field, undeclared ones too, as nested objects. */
function inputOf({ fields, roles }: Draft): Tree {
  const root: Tree = {};
  const time = roles.time.path;
  const subject = roles.subject.path ?? NO_SUBJECT;
  const region = roles.region.path;
  for (const field of fields) {
    const { found } = field.proposal;
    // Of an unknown region, so that the default regime decides wherever this is run.
    if (found.text === region) continue;
    put(root, found.path, exampleOf(field, found.text === time, found.text === subject));
  }
  const parsed = parsePath(subject);
  if (parsed.ok && !fields.some(({ proposal }) => proposal.found.text === subject)) put(root, parsed.path, 'cust-1');
  return root;
}

function exampleOf({ proposal }: DraftField, isTime: boolean, isSubject: boolean): YamlTree {
  const { stats, schema } = proposal.found.place;
  const kinds = schema.map(({ kind }) => kind);
  const number = stats.integers + stats.decimals > stats.strings + stats.booleans;
  const numeric = stats.count > 0 ? number : kinds.some((kind) => ['int', 'long', 'float', 'double'].includes(kind));
  if (isTime) return numeric ? EVENT_MS : EVENT_AT;
  if (numeric) return 1;
  if (isSubject) return 'cust-1';
  if (stats.booleans > stats.strings || (stats.count === 0 && kinds.includes('boolean'))) return true;
  if (stats.share('instant') >= 0.5) return EVENT_AT;
  return EXAMPLES.get(proposal.category) ?? 'text';
}

/** Puts a value at a path, unless something of another kind stands in the way. */
function put(root: Tree, path: Path, value: YamlTree): void {
  let at: Tree | YamlTree[] = root;
  for (const [index, segment] of path.entries()) {
    const last = index === path.length - 1;
    const next: YamlTree = last ? value : path[index + 1]?.kind === 'each' ? [] : {};
    let slot: YamlTree | undefined;
    if (segment.kind === 'each') {
      if (!Array.isArray(at)) return;
      if (at.length === 0) at.push(next);
      slot = at[0];
    } else {
      if (Array.isArray(at)) return;
      const key = segment.kind === 'key' ? segment.name : 'key';
      if (!Object.hasOwn(at, key))
        Object.defineProperty(at, key, { value: next, enumerable: true, writable: true, configurable: true });
      slot = at[key];
    }
    if (last) return;
    if (typeof slot !== 'object' || slot === null) return;
    at = slot as Tree | YamlTree[];
  }
}
