import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTraceparent, hasTraceContext, traceContextOf } from '../../../services/core/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GOOD = `00-${TRACE}-${SPAN}-01`;

const read = (text: string) => {
  const headers = { traceparent: Buffer.from(text) };
  const context = traceContextOf(headers);
  expect(hasTraceContext(headers)).toBe(context !== null);
  return context;
};

describe('traceparent', () => {
  it.each([
    [GOOD, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    // Of the flags only the sampled one is known.
    [`00-${TRACE}-${SPAN}-03`, true],
    [`00-${TRACE}-${SPAN}-fe`, false],
  ])('%s is a context', (text, sampled) => {
    expect(read(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  it.each([
    ['nothing', ''],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', GOOD.toUpperCase()],
    ['one digit that is none', `00-${TRACE.replace('4', 'g')}-${SPAN}-01`],
    ['a later version', `01-${TRACE}-${SPAN}-01`],
    ['the version that is none', `ff-${TRACE}-${SPAN}-01`],
    ['more after it', `${GOOD}-00`],
    ['a line end after it', `${GOOD}\n`],
    ['a space before it', ` ${GOOD}`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a dash too few', `00-${TRACE}${SPAN}0-01`],
    ['other dashes', GOOD.replaceAll('-', '_')],
    ['flags that are no digits', `00-${TRACE}-${SPAN}-0g`],
    ['a character between the digits', `00-${TRACE.replace('4', ':')}-${SPAN}-01`],
    ['one before the letters', `00-${TRACE.replace('4', '`')}-${SPAN}-01`],
    ['flags of one digit', `00-${TRACE}-${SPAN}-1`],
    ['a name and an address', '00-user1@example.com-user1@example.com-01'],
  ])('%s is no context', (_, text) => {
    expect(read(text)).toBeNull();
  });

  it('reads what it writes, and takes nothing that it would write otherwise', () => {
    const digits = (length: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
        .map((all) => all.join(''))
        .filter((text) => !/^0+$/.test(text));
    fc.assert(
      fc.property(digits(32), digits(16), fc.boolean(), (traceId, spanId, sampled) => {
        const context = { traceId, spanId, sampled };
        expect(read(formatTraceparent(context))).toEqual(context);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 50, maxLength: 60 }), (bytes) => {
        expect(traceContextOf({ traceparent: bytes })).toBeNull();
      }),
    );
  });

  it.each([
    ['no header', {}],
    ['no headers', undefined],
    ['another spelling', { Traceparent: Buffer.from(GOOD) }],
    ['two of them', { traceparent: [Buffer.from(GOOD), Buffer.from(GOOD)] }],
    ['a null header', { traceparent: null }],
    ['an inherited one', Object.create({ traceparent: Buffer.from(GOOD) })],
  ])('of a record with %s there is no context', (_, headers) => {
    expect(traceContextOf(headers)).toBeNull();
  });

  it('is to the letter what the specification says, whichever byte is changed', () => {
    const specified = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
    fc.assert(
      fc.property(fc.nat(54), fc.nat(127), (at, byte) => {
        const bytes = Buffer.from(GOOD);
        bytes[at] = byte;
        expect(read(bytes.toString('latin1')) !== null).toBe(specified.test(bytes.toString('latin1')));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is read off a record, and nothing else is', () => {
    const asked: PropertyKey[] = [];
    const headers = new Proxy(
      {
        traceparent: Buffer.from(GOOD),
        tracestate: Buffer.from('a=b'),
        baggage: Buffer.from('user=user1@example.com'),
      },
      {
        get: (target, name) => {
          asked.push(name);
          return Reflect.get(target, name) as unknown;
        },
      },
    );
    expect(traceContextOf(headers)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
    expect(asked).toEqual(['traceparent']);
  });
});
