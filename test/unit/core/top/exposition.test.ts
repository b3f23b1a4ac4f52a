import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../../../../services/adapters/metrics/metrics.ts';
import { parseExposition, type Sample } from '../../../../services/core/top/exposition.ts';
import { isRead } from '../../../../services/core/top/names.ts';

const all = (): boolean => true;
const flat = ({ name, labels, value }: Sample): unknown[] => [name, Object.fromEntries(labels), value];
const parse = (text: string): unknown[] => parseExposition(text, all).samples.map(flat);

describe('the text format', () => {
  it.each<[string, unknown[]]>([
    ['a 1', ['a', {}, 1]],
    ['a{} 1', ['a', {}, 1]],
    ['a:b_c{x="1"} 1.5e-3', ['a:b_c', { x: '1' }, 0.0015]],
    ['a{x="1",y="2",} 1', ['a', { x: '1', y: '2' }, 1]],
    ['  a { x = "1" , y="2" }\t+4 ', ['a', { x: '1', y: '2' }, 4]],
    ['a{x="}, # \\" \\\\ \\n \\t"} 1', ['a', { x: '}, # " \\ \n \\t' }, 1]],
    ['a{x=""} 1 1748736000000', ['a', { x: '' }, 1]],
    ['a{le="+Inf"} 3 # {trace_id="x"} 0.2 1748736000.123', ['a', { le: '+Inf' }, 3]],
    ['a +Inf', ['a', {}, Number.POSITIVE_INFINITY]],
    ['a -Inf', ['a', {}, Number.NEGATIVE_INFINITY]],
    ['a NaN', ['a', {}, Number.NaN]],
    [
      'a{__proto__="x",constructor="y"} 1',
      [
        'a',
        Object.fromEntries([
          ['__proto__', 'x'],
          ['constructor', 'y'],
        ]),
        1,
      ],
    ],
  ])('%s', (line, expected) => {
    expect(parse(line)).toEqual([expected]);
  });

  it.each([
    'a',
    'a{x="1"}',
    'a{x="1" 1',
    'a{x=1} 1',
    'a{x="1} 1',
    'a{x="1"y="2"} 1',
    'a{x="1",x="2"} 1',
    '1a 1',
    'a one',
    'a 0x10',
    'a 1 2 3',
    'a{"quoted"} 1',
    '{"quoted"} 1',
  ])('%s is counted and passed', (line) => {
    const { samples, malformed } = parseExposition(`before 1\n${line}\nafter 2`, all);
    expect(samples.map(({ name }) => name)).toEqual(['before', 'after']);
    expect(malformed).toBe(1);
  });

  it('passes comments, blank lines, line ends of other systems and what is not wanted', () => {
    const text = '# HELP a x\n# TYPE a counter\r\na 1\r\n\n \nb{x="1} broken\n# EOF';
    expect(parseExposition(text, (name) => name === 'a')).toEqual({
      samples: [{ name: 'a', labels: new Map(), value: 1 }],
      malformed: 0,
    });
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a{}="\\,# 1+-.eINfa\n') }), (text) => {
        expect(parseExposition(text, all).samples.length).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('reads any label that prom-client writes', async () => {
    const metrics = makeMetrics('1.2.3');
    const unit = fc.constantFrom(...'aZ9{}="\\,# \n\r\t\u2028\u0000é😀');
    const routes = new Set(fc.sample(fc.string({ unit }), 300));
    for (const route of routes) metrics.recordsConsumed.inc({ route }, 7);
    const { samples, malformed } = parseExposition(await metrics.text(), isRead);
    const mine = samples.filter(({ name }) => name === 'lethe_records_consumed_total');
    expect(new Set(mine.map(({ labels }) => labels.get('route')))).toEqual(routes);
    expect(mine.every(({ value }) => value === 7)).toBe(true);
    expect(malformed).toBe(0);
  });
});
