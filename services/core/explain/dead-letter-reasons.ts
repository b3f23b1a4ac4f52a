/** Dead letters in words: what is wrong, and what to do. */
import type { Poison } from '../outcome.ts';

export function explainCode({ code, path }: Poison, format: 'json' | 'avro'): { why: string; fix: string } {
  const at = path === null ? '' : ` at ${path}`;
  switch (code) {
    case 'undecodable':
      return {
        why:
          format === 'json'
            ? 'it is no JSON object in UTF-8, is nested too deeply, or holds a declared key twice'
            : 'it is no Avro record in the wire format of the schema registry, or not of the schema it names',
        fix: 'Correct the producer; once the record can be read it can be sent again.',
      };
    case 'schema_unknown':
      return {
        why: 'the schema it names is not registered for the values of its topic, or is none of records',
        fix: 'Register the schema under the subject TOPIC-value, then replay the dead letter.',
      };
    case 'subject_missing':
      return {
        why: `no subject${at}: it is missing, null, empty, or neither text nor a whole number`,
        fix: 'Correct the producer, or name the right path under subject in the policy.',
      };
    case 'time_invalid':
      return {
        why: `no usable time${at}: it is missing, no RFC 3339 with a zone and no epoch milliseconds, or over 24 h ahead`,
        fix: 'Correct the producer, or name the right path under time in the policy.',
      };
    case 'action_failed':
      return {
        why: `a value${at} is not what the policy takes it for: an object or array where a scalar is declared, or a value that the rule's action cannot handle`,
        fix: 'Correct the producer, or declare what really stands there; then replay the dead letter.',
      };
    case 'output_invalid':
      return {
        why: `what is left of it does not fit the output's schema${at}, or the registry refuses that schema`,
        fix: 'Make the field nullable, or the new schema compatible, in the registry; then replay the dead letter.',
      };
    case 'too_large':
      return {
        why: 'it is larger than a raw value may be (LETHE_MAX_RECORD_BYTES), or comes out larger than an output topic takes',
        fix: 'Raise that setting, or max.message.bytes of the output topic; then replay the dead letter.',
      };
  }
}
