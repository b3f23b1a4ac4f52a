import { InvalidArgumentError, Option } from 'commander';
import { type AddCommand, examples } from '../command.ts';

export type TestOptions = {
  readonly filter?: string;
  readonly strict?: boolean;
  readonly coverage?: boolean;
  readonly coverageMin?: number;
  readonly format: 'text' | 'json' | 'junit';
};

const ABOUT = `
A test beside its policy, in policies/NAME.test.yaml:
  tests:
    - name: an e-mail address is masked
      now: 2026-03-01T00:00:00Z     # default: the latest time that the test itself names
      consent: [{ purpose: analytics, decision: granted, at: 2026-01-05T10:00:00Z }]
      input: { customer: { id: cust-1, email: user1@example.com } }
      expect:
        outputs:
          clean.analytics.customer-events: { value: { customer: { id: <pseudonym>, email: u***@example.com } } }
          clean.partner-acme.customer-events: { withheld: consent_missing }
Of an output that is not named nothing is asked; with --strict it must publish nothing. Without servers and keys.`;

export const addTest: AddCommand = (parent, finish) => {
  parent
    .command('test')
    .description('run the policy tests of a configuration: records, and what must become of them')
    .argument('<dir>', 'configuration folder')
    .option('--filter <text>', 'only tests whose route or name holds this text')
    .option('--strict', 'an output that a test does not name must publish nothing')
    .option('--coverage', 'show which rules, reasons and fields the tests met')
    .option('--coverage-min <percent>', 'fail where less than this was met', percent)
    .addOption(
      new Option('--format <format>', 'how results are printed').choices(['text', 'json', 'junit']).default('text'),
    )
    .action(finish(async (dir: string, options: TestOptions) => (await import('../test.main.ts')).test(dir, options)))
    .addHelpText(
      'after',
      `${ABOUT}\n${examples([
        'lethe test config --coverage',
        'lethe test config --strict --coverage-min 80 --format junit > policy-tests.xml',
      ])}`,
    );
};

function percent(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= 100) return value;
  throw new InvalidArgumentError('It is a percentage from 0 to 100.');
}
