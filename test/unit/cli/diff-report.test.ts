import { describe, expect, it } from 'vitest';
import { type DiffReport, printReport } from '../../../services/cli/diff-report.ts';
import { isExposure } from '../../../services/core/diff/finding.ts';
import { measuredExposure } from '../../../services/core/diff/measured-tally.ts';
import type { RuleDocument } from '../../../services/core/policy/document.ts';
import { PURPOSES } from '../core/policy/documents.ts';
import { found, GRANTED, measured, policy, side } from '../core/diff/sides.ts';

const FIELDS = { id: 'user.unique_id', 'a|`b': 'system', mail: 'user.contact.email' };
const before: readonly RuleDocument[] = [
  { select: 'system', action: 'keep' },
  { select: 'user.contact.email', action: 'mask', mask: 'email' },
];
const after: readonly RuleDocument[] = [
  { select: 'user.unique_id', action: 'pseudonymize' },
  { select: 'user.contact.email', action: 'keep' },
];
const BASIS = { basis: { default: 'opt_out' as const }, retention: PURPOSES.purposes['analytics']!.retention };
const purposes = { purposes: { ...PURPOSES.purposes, analytics: BASIS } };

async function report(): Promise<DiffReport> {
  const [old, fresh] = [{ policies: [policy(FIELDS, before)] }, { policies: [policy(FIELDS, after)], purposes }];
  const lines = [
    { value: { id: 'cust-1', 'a|`b': 'hiddenvalue', mail: 'user1@example.com' } },
    { value: { id: 'cust-1', mail: 'hiddenvalue' } },
  ];
  const result = await measured(side(old), side(fresh), lines, [GRANTED]);
  const findings = found(old, fresh);
  return {
    old: { name: 'active', digest: 'a'.repeat(64) },
    new: { name: 'config', digest: 'b'.repeat(64) },
    exposure: { static: findings.some(isExposure), measured: measuredExposure(result) },
    findings,
    measured: { route: 'customer-events', source: 'in.jsonl', ...result },
  };
}

describe('a report', () => {
  it('as text', async () => {
    expect(printReport(await report(), 'text').replaceAll(/one\.yaml:\d+:1/g, 'one.yaml:L')).toMatchInlineSnapshot(`
      "OLD  active  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      NEW  config  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

      New exposure (3)
        customer-events → clean
          legal basis under gdpr (DE, FR, any other): consent → opt_out
          id (user.unique_id) leaves: no rule → pseudonymize (analytics)   policies/one.yaml:L
          mail (user.contact.email) leaves in another form: mask email → keep   policies/one.yaml:L

      Less leaves (1)
        customer-events → clean
          a|\`b (system) leaves no more: keep → no rule   policies/one.yaml:L

      Measured: 2 record(s) of in.jsonl, route customer-events
        dead letters: 0 new; 1 gone (action_failed 1), as raw/0/1; 0 before and after
        clean: published 1 → 2
          1 newly published (dead_lettered 1), as raw/0/1
          0 newly withheld
          1 published otherwise, as raw/0/0
          values by category        exposed  hidden  tells more  tells less  changed
          (key)                           1       0           0           0        0  exposed: raw/0/1
          system: a|\`b                    0       1           0           0        0  hidden: raw/0/0
          user.contact.email: mail        1       0           1           0        0  exposed: raw/0/1; tells more: raw/0/0
          user.unique_id: id              2       0           0           0        0  exposed: raw/0/0, raw/0/1

      New exposure: 3 change(s) of configuration. Real records let out what did not leave before.
      "
    `);
  });

  it('as markdown, in which no name ends a cell', async () => {
    const text = printReport(await report(), 'md').replaceAll(/one\.yaml:\d+:1/g, 'one.yaml:L');
    expect(text).toMatchInlineSnapshot(`
      "## What this change lets out

      **New exposure: 3 change(s) of configuration. Real records let out what did not leave before.**

      \`active\` (\`aaaaaaaaaaaa\`) → \`config\` (\`bbbbbbbbbbbb\`)

      ### New exposure (3)

      | route | output | field | category | what | before → after | rule |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`customer-events\` | \`clean\` |  |  | legal basis under gdpr (DE, FR, any other) | \`consent → opt_out\` |  |
      | \`customer-events\` | \`clean\` | \`id\` | \`user.unique_id\` | leaves | \`no rule → pseudonymize (analytics)\` | \`policies/one.yaml:L\` |
      | \`customer-events\` | \`clean\` | \`mail\` | \`user.contact.email\` | leaves in another form | \`mask email → keep\` | \`policies/one.yaml:L\` |

      ### Measured on 2 record(s) of \`in.jsonl\`, route \`customer-events\`

      Dead letters: 0 new, 1 gone (action\\_failed 1; raw/0/1), 0 before and after.

      | output | published | newly published | newly withheld | published otherwise |
      | --- | --- | --- | --- | --- |
      | \`clean\` | 1 → 2 | 1 (dead\\_lettered 1; raw/0/1) | 0 | 1 (raw/0/0) |

      Values that leave otherwise in \`clean\`:

      | category | field | exposed | hidden | tells more | tells less | changed | examples |
      | --- | --- | --- | --- | --- | --- | --- | --- |
      | \`(key)\` | \`(key)\` | 1 | 0 | 0 | 0 | 0 | exposed: raw/0/1 |
      | \`system\` | \`\` a\\|\`b \`\` | 0 | 1 | 0 | 0 | 0 | hidden: raw/0/0 |
      | \`user.contact.email\` | \`mail\` | 1 | 0 | 1 | 0 | 0 | exposed: raw/0/1; tells more: raw/0/0 |
      | \`user.unique_id\` | \`id\` | 2 | 0 | 0 | 0 | 0 | exposed: raw/0/0, raw/0/1 |

      <details>
      <summary>1 other change(s)</summary>

      ### Less leaves (1)

      | route | output | field | category | what | before → after | rule |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`customer-events\` | \`clean\` | \`\` a\\|\`b \`\` | \`system\` | leaves no more | \`keep → no rule\` | \`policies/one.yaml:L\` |

      </details>
      "
    `);
    const rows = text.split('\n').filter((line) => line.startsWith('| `customer-events`'));
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(8);
  });

  it('as JSON, in which each finding says whether it is exposure', async () => {
    const json = JSON.parse(printReport(await report(), 'json')) as Omit<DiffReport, 'findings'> & {
      readonly findings: readonly { readonly kind: string; readonly exposure: boolean }[];
    };
    expect(json.exposure).toEqual({ static: true, measured: true });
    expect(json.findings.map(({ kind, exposure }) => [kind, exposure])).toContainEqual(['field_hidden', false]);
    expect(json.findings.map(({ kind, exposure }) => [kind, exposure])).toContainEqual(['basis', true]);
    expect(json.measured?.records).toBe(2);
  });

  it.each(['text', 'json', 'md'] as const)('holds no value, as %s', async (format) => {
    const text = printReport(await report(), format);
    for (const value of ['hiddenvalue', 'user1', 'cust-1']) expect(text).not.toContain(value);
  });

  it('says in so many words that nothing differs', () => {
    const side_ = { name: 'config', digest: 'a'.repeat(64) };
    const nothing: DiffReport = {
      old: side_,
      new: side_,
      exposure: { static: false, measured: null },
      findings: [],
      measured: null,
    };
    expect(printReport(nothing, 'text')).toMatch(/\nNo new exposure; nothing differs\.\n$/);
    expect(printReport(nothing, 'md')).toContain('**No new exposure; nothing differs.**');
  });
});
