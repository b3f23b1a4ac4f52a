/** DESIGN sections 4 and 12, "Policy tests", and issue 4: `lethe test` as CI runs it. */
import { describe, expect, it } from 'vitest';
import { folderOf, lethe } from './command.ts';
import { configFiles } from './replayed.ts';

const CONFIG = configFiles({
  taxonomy: 'categories:\n  system: {}\n  user.unique_id: {}\n  user.contact.email: {}\n',
  purposes: 'purposes:\n  analytics: { basis: { default: consent }, retention: { default: P30D } }\n',
  policies: {
    orders: `route: orders
from: { topic: raw.orders, format: json }
subject: id
fields: { id: user.unique_id, email: user.contact.email, n: system }
outputs:
  - topic: clean.orders
    purpose: analytics
    rules:
      - { select: user.unique_id, action: pseudonymize }
      - { select: user.contact.email, action: mask, mask: email }
      - { select: system, action: keep }
`,
  },
});
const TESTS = `tests:
  - name: is masked
    now: 2026-03-01T00:00:00Z
    consent: [{ purpose: analytics, decision: granted, at: 2026-01-05T10:00:00Z }]
    input: { id: cust-1, email: user1@example.com, n: 9007199254740993, more: 1 }
    expect: { outputs: { clean.orders: { value: { id: <pseudonym>, email: u***@example.com, n: 9007199254740993 } } } }
  - name: is withheld
    consent: []
    input: { id: cust-1 }
    expect: { outputs: { clean.orders: { withheld: consent_missing } } }
  - name: is dead
    consent: []
    input: { email: user1@example.com }
    expect: { dead_letter: subject_missing }
`;
const withTests = (tests: string) => folderOf({ ...CONFIG, 'config/policies/orders.test.yaml': tests });

describe('lethe test', () => {
  it('passes what the example configuration promises, needing neither keys nor servers', async () => {
    const ran = await lethe(['test', 'config', '--coverage-min', '80']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^\d+ passed, 0 failed$/m);
  });

  it('passes, and shows what was met', async () => {
    const ran = await lethe(['test', 'config', '--coverage'], { cwd: withTests(TESTS) });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('3 passed, 0 failed');
    expect(ran.stdout).toContain('hit          config/policies/orders.yaml:10  user.contact.email  mask');
    expect(ran.stdout).toContain('NOT REACHED  erased, ');
  });

  it('fails with the field, and with too little coverage', async () => {
    const cwd = withTests(TESTS.replace('email: u***@', 'email: user1@'));
    const ran = await lethe(['test', 'config'], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('  FAIL  is masked\n        config/policies/orders.test.yaml:2:5\n');
    expect(ran.stdout).toMatch(/ email\n +expected {2}"user1@example\.com"\n +got {7}"u\*\*\*@example\.com"\n/);
    expect(ran.stderr).toBe('lethe: 1 of 3 policy tests failed\n');

    const junit = await lethe(['test', 'config', '--format', 'junit', '--filter', 'MASKED'], { cwd });
    expect(junit.code).toBe(1);
    expect(junit.stdout).toMatch(/^<\?xml .*\n<testsuites name="lethe test" tests="1" failures="1"/);

    const little = await lethe(['test', 'config', '--filter', 'dead', '--coverage-min', '10'], { cwd });
    expect(little).toMatchObject({ code: 1, stderr: expect.stringContaining('cover 0 %, less than 10 %') });
  });

  it('does not take it for a success to have tested nothing', async () => {
    const none = await lethe(['test', 'config'], { cwd: folderOf(CONFIG) });
    expect(none).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('policies/NAME.test.yaml') });
    const filtered = await lethe(['test', 'config', '--filter', 'nothing'], { cwd: withTests(TESTS) });
    expect(filtered).toMatchObject({ code: 1, stderr: expect.stringContaining('none of the 3 policy tests') });
  });

  it('refuses tests with mistakes, all at once and at their places, as lint does', async () => {
    const cwd = folderOf({
      ...CONFIG,
      'config/policies/orders.test.yaml': TESTS.replace('now:', 'nwo:').replace('consent_missing', 'consent_mising'),
      'config/policies/order.test.yaml': TESTS,
    });
    const places = [
      'config/policies/order.test.yaml:1:1 policy-missing',
      'config/policies/orders.test.yaml:3:5 unknown-key',
      'config/policies/orders.test.yaml:10:42 unknown-value',
    ];
    const ran = await lethe(['test', 'config'], { cwd });
    expect(ran).toMatchObject({ code: 78, stdout: '' });
    for (const place of places) expect(ran.stderr).toContain(place);
    const lint = await lethe(['lint', 'config'], { cwd });
    expect(lint.code).toBe(1);
    for (const place of places) expect(lint.stdout).toContain(place);
  });

  it('knows wrong flags and folders', async () => {
    expect((await lethe(['test', 'config', '--coverage-min', '101'])).code).toBe(64);
    expect((await lethe(['test'])).code).toBe(64);
    const missing = await lethe(['test', 'nowhere']);
    expect(missing).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('missing-folder') });
  });
});
