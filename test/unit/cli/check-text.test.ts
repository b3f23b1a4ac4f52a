import { describe, expect, it } from 'vitest';
import { findingsText } from '../../../services/cli/check-text.ts';
import { saying } from '../../../services/core/check/finding.ts';

const kafka = saying('kafka');
const findings = [
  kafka.ok('broker-1.example.com:9093', 'answers in 3 ms (TLS, scram-sha-512)'),
  kafka.fail(
    'broker-2.example.com:9093',
    'unreachable: nobody listens there, or something on the way swallows what is sent',
    'Check that the broker runs, KAFKA_BROKERS, names and firewalls; this line may be a command, and stays one.',
  ),
];
const lines = (columns?: number): string[] => findingsText(findings, (_look, text) => text, columns).split('\n');

describe('the table of findings', () => {
  it('has a line for each where there is no terminal', () => {
    expect(lines()).toEqual([
      'ok    kafka         broker-1.example.com:9093  answers in 3 ms (TLS, scram-sha-512)',
      'FAIL  kafka         broker-2.example.com:9093  unreachable: nobody listens there, or something on the way swallows what is sent',
      '      → Check that the broker runs, KAFKA_BROKERS, names and firewalls; this line may be a command, and stays one.',
      '',
      '1 failed, 0 warnings, 1 well',
      '',
    ]);
  });
  it('keeps findings in their column on a terminal that is wide enough', () => {
    expect(lines(90).slice(1, 4)).toEqual([
      'FAIL  kafka         broker-2.example.com:9093  unreachable: nobody listens there, or',
      '                                               something on the way swallows what is sent',
      '      → Check that the broker runs, KAFKA_BROKERS, names and firewalls; this line may be a command, and stays one.',
    ]);
  });
  it('puts findings beneath their subjects on a narrow one, where they do not fit', () => {
    expect(lines(60).slice(0, 5)).toEqual([
      'ok    kafka         broker-1.example.com:9093',
      '      answers in 3 ms (TLS, scram-sha-512)',
      'FAIL  kafka         broker-2.example.com:9093',
      '      unreachable: nobody listens there, or something on the',
      '      way swallows what is sent',
    ]);
    const short = [...findings, kafka.ok('cluster', 'c1, 3 brokers')];
    expect(findingsText(short, (_look, text) => text, 60)).toContain('\nok    kafka         cluster  c1, 3 brokers\n');
  });
});
