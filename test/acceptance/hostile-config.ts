/** A configuration that lints, and whose names and texts hold whatever they may. */
const markup = (where: string): string =>
  `</code></pre><script>globalThis.ran='${where}'</script><img src=x onerror='globalThis.ran=1'>`;

export const HOSTILE = {
  // Names of categories may hold angle brackets.
  category: 'user.<script>.<img>',
  description: `${markup('description')} | a *b* [c](d) \`e\` "f"`,
  reader: markup('reader'),
  // A key without dots, and longer than any screen is wide.
  field: `key-${'x'.repeat(300)}${markup('field').replaceAll('.', '')}`,
  unreleased: `left ${markup('left').replaceAll('.', '')}`,
  test: `a test ${markup('test')}`,
  value: markup('value'),
} as const;

const quoted = (text: string): string => JSON.stringify(text);

export const HOSTILE_CONFIG = {
  'config/taxonomy.yaml': `categories: { system: {}, user: {}, user.unique_id: {}, user.<script>: {}, ${quoted(HOSTILE.category)}: {} }\n`,
  'config/regimes.yaml': 'regimes: { gdpr: [DE] }\ndefault: gdpr\n',
  'config/purposes.yaml': `purposes:
  analytics:
    description: ${quoted(HOSTILE.description)}
    readers: [${quoted(HOSTILE.reader)}]
    basis: { default: contract }
    retention: { default: P30D }
`,
  'config/policies/odd.yaml': `route: odd
from: { topic: raw.odd, format: json }
subject: id
fields:
  id: user.unique_id
  ${quoted(HOSTILE.field)}: ${quoted(HOSTILE.category)}
  ${quoted(HOSTILE.unreleased)}: user
outputs:
  - topic: clean.odd
    purpose: analytics
    rules: [{ select: ${quoted(HOSTILE.category)}, action: keep }]
`,
  'config/policies/odd.test.yaml': `tests:
  - name: ${quoted(HOSTILE.test)}
    input: { id: cust-1, ${quoted(HOSTILE.field)}: ${quoted(HOSTILE.value)} }
    expect: { outputs: { clean.odd: { value: {} } } }
`,
} as const;
