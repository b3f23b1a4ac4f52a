/** DESIGN section 4, "Paths", and section 12, "Applying": what of a record is reached by which declaration. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = `
categories:
  system: {}
  user: {}
  user.unique_id: {}
  user.behavior: {}
`;
const PURPOSES = `
purposes:
  ops: { basis: { default: contract }, retention: { default: P365D } }
  ask: { basis: { default: consent }, retention: { default: P365D } }
`;
const POLICY = String.raw`
route: things
from: { topic: raw.things, format: json }
subject: id
fields:
  plain: system
  other: system
  nested.a.b: system
  "list[].x": system
  "list[].deep[].y": user.behavior
  "tags[]": system
  "grid[][]": system
  "map.*": user.behavior
  map.special: system
  "maps.*.v": system
  "tree.**": system
  dot\.key: system
  dot\.parent.child: system
  "protos.__proto__.x": system
  protos.constructor.y: system
  protos.toString: system
  __proto__: system
  constructor: system
outputs:
  - topic: clean
    purpose: ops
    rules:
      - { select: system, action: keep }
      - { select: user.behavior, action: keep }
  - topic: asked
    purpose: ask
    rules:
      - { select: system, action: keep }
`;

/** Name, members of the record besides `id`, what leaves (or code and path of the dead letter). */
const CASES: [string, string, string][] = [
  ['an undeclared field never leaves', '"plain":"canary","secret":"hiddenvalue"', '{"plain":"canary"}'],
  ['nor does the subject where it is not declared', '"plain":1', '{"plain":1}'],
  ['an undeclared object never leaves', '"plain":1,"more":{"plain":"hiddenvalue"}', '{"plain":1}'],
  ['an undeclared array never leaves', '"plain":1,"more":["hiddenvalue",{"x":"hiddenvalue"}]', '{"plain":1}'],
  [
    'an undeclared member beside a declared one',
    '"nested":{"a":{"b":1,"c":"hiddenvalue"},"z":3}',
    '{"nested":{"a":{"b":1}}}',
  ],
  ['a path does not match deeper', '"nested":{"a":{"x":{"b":"hiddenvalue"}}}', '{}'],
  ['a path does not match higher', '"b":"hiddenvalue","a":{"b":"hiddenvalue"}', '{}'],
  ['a name with another case is another name', '"Plain":"hiddenvalue","PLAIN":"hiddenvalue"', '{}'],
  ['nothing normalises names', '"plain\\u0000":"hiddenvalue"," plain":"hiddenvalue"', '{}'],
  ['true, false and null are scalars', '"plain":true,"other":null', '{"plain":true,"other":null}'],
  ['an empty text is a scalar', '"plain":""', '{"plain":""}'],

  ['each element of an array', '"list":[{"x":1},{"x":2}]', '{"list":[{"x":1},{"x":2}]}'],
  ['undeclared members in elements', '"list":[{"x":1,"q":"hiddenvalue"},{"x":2}]', '{"list":[{"x":1},{"x":2}]}'],
  ['elements left empty are absent', '"list":[{"x":1},{"q":"hiddenvalue"},{"x":2}]', '{"list":[{"x":1},{"x":2}]}'],
  ['an array left empty is absent', '"list":[{"q":"hiddenvalue"}],"plain":1', '{"plain":1}'],
  ['an array that came empty is absent', '"list":[],"plain":1', '{"plain":1}'],
  ['arrays in arrays of objects', '"list":[{"deep":[{"y":1},{"y":2,"n":3}]}]', '{"list":[{"deep":[{"y":1},{"y":2}]}]}'],
  ['an array of scalars', '"tags":["a","b",null,1]', '{"tags":["a","b",null,1]}'],
  ['an array of arrays', '"grid":[[1,2],[3]]', '{"grid":[[1,2],[3]]}'],
  ['an empty inner array is absent', '"grid":[[1],[]]', '{"grid":[[1]]}'],
  ['a scalar where an inner array is declared is absent', '"grid":[[1],"hiddenvalue",[2]]', '{"grid":[[1],[2]]}'],
  ['every value of a map', '"map":{"a":1,"b":"x"}', '{"map":{"a":1,"b":"x"}}'],
  ['a map of objects', '"maps":{"a":{"v":1,"w":"hiddenvalue"},"b":{"v":2}}', '{"maps":{"a":{"v":1},"b":{"v":2}}}'],
  ['everything beneath', '"tree":{"a":{"b":[1,{"c":null}]},"d":"x"}', '{"tree":{"a":{"b":[1,{"c":null}]},"d":"x"}}'],
  ['everything beneath a key is not the key', '"tree":"hiddenvalue","plain":1', '{"plain":1}'],
  ['empty containers beneath', '"tree":{"a":{},"b":[],"c":1}', '{"tree":{"c":1}}'],
  ['a key with a dot', '"dot.key":1,"dot":{"key":"hiddenvalue"}', '{"dot.key":1}'],
  [
    'a key with a dot, and children',
    '"dot.parent":{"child":1},"dot":{"parent":{"child":"hiddenvalue"}}',
    '{"dot.parent":{"child":1}}',
  ],
  [
    'a declared name written with escapes is that name',
    '"pl\\u0061in":"hid\\u0064en"',
    '{"pl\\u0061in":"hid\\u0064en"}',
  ],

  ['a null container stays null', '"nested":null', '{"nested":null}'],
  ['a null container deeper', '"nested":{"a":null}', '{"nested":{"a":null}}'],
  ['a null array stays null', '"list":null', '{"list":null}'],
  ['a null element stays null', '"list":[null,{"x":1}]', '{"list":[null,{"x":1}]}'],
  ['a null map stays null', '"map":null', '{"map":null}'],
  ['a text where an object is declared is absent', '"nested":"hiddenvalue","plain":1', '{"plain":1}'],
  ['a number where an object is declared is absent', '"nested":{"a":7},"plain":1', '{"plain":1}'],
  ['an array where an object is declared is absent', '"nested":[{"a":{"b":"hiddenvalue"}}],"plain":1', '{"plain":1}'],
  ['an object where an array is declared is absent', '"list":{"x":"hiddenvalue"},"plain":1', '{"plain":1}'],
  ['a text where an array is declared is absent', '"tags":"hiddenvalue","plain":1', '{"plain":1}'],
  ['scalars where objects are elements are absent', '"list":["hiddenvalue",1,true,{"x":1}]', '{"list":[{"x":1}]}'],
  ['an array where a map is declared is absent', '"map":["hiddenvalue"],"plain":1', '{"plain":1}'],

  ['an object where a scalar is declared', '"plain":{"x":"hiddenvalue"}', 'action_failed plain'],
  ['an empty object where a scalar is declared', '"plain":{}', 'action_failed plain'],
  ['an array where a scalar is declared', '"plain":["hiddenvalue"]', 'action_failed plain'],
  ['an empty array where a scalar is declared', '"plain":[]', 'action_failed plain'],
  ['deeper', '"nested":{"a":{"b":{"c":"hiddenvalue"}}}', 'action_failed nested.a.b'],
  ['in an array of objects', '"list":[{"x":1},{"x":["hiddenvalue"]}]', 'action_failed list[].x'],
  ['in an array of scalars', '"tags":["a",{"b":"hiddenvalue"}]', 'action_failed tags[]'],
  ['in an array of arrays', '"grid":[[["hiddenvalue"]]]', 'action_failed grid[][]'],
  ['in a map: the declared path, never the key', '"map":{"hiddenvalue":{"x":1}}', 'action_failed map.*'],
  ['at the specific key of a map', '"map":{"special":{"x":"hiddenvalue"}}', 'action_failed map.special'],
  ['in a map of objects', '"maps":{"hiddenvalue":{"v":[1]}}', 'action_failed maps.*.v'],
  ['at a key with a dot: the path as declared', '"dot.key":{"a":1}', String.raw`action_failed dot\.key`],

  ['a declared field twice', '"plain":1,"plain":2', 'undecodable'],
  ['twice, once written with an escape', '"plain":1,"pl\\u0061in":2', 'undecodable'],
  ['twice with the same value', '"plain":"canary","plain":"canary"', 'undecodable'],
  ['twice in an inner object', '"nested":{"a":{"b":1,"b":2}}', 'undecodable'],
  ['a declared branch twice', '"nested":{"a":{"b":1}},"nested":{"a":{"b":2}}', 'undecodable'],
  ['twice in one element', '"list":[{"x":1,"x":2}]', 'undecodable'],
  ['twice in one map', '"map":{"k":1,"k":2}', 'undecodable'],
  ['twice in one map, once escaped', '"map":{"k":1,"\\u006b":2}', 'undecodable'],
  ['twice in a map of objects', '"maps":{"k":{"v":1},"k":{"v":2}}', 'undecodable'],
  ['twice beneath everything', '"tree":{"a":{"b":1,"b":2}}', 'undecodable'],
  ['the subject twice', '"id":"canary-2"', 'undecodable'],
  ['twice with an object between', '"plain":1,"more":{"plain":3},"plain":2', 'undecodable'],
  ['once here and once in another object', '"plain":1,"more":{"plain":3}', '{"plain":1}'],
  ['an undeclared field twice', '"plain":1,"more":1,"more":2', '{"plain":1}'],
  ['an undeclared field twice in a declared object', '"nested":{"a":{"b":1,"q":1,"q":2}}', '{"nested":{"a":{"b":1}}}'],
  ['the same field in two elements', '"list":[{"x":1},{"x":1}]', '{"list":[{"x":1},{"x":1}]}'],
  ['__proto__ twice', '"__proto__":1,"__proto__":2', 'undecodable'],

  ['a number beyond 2^53', '"plain":9007199254740993', '{"plain":9007199254740993}'],
  ['trailing zeros', '"plain":1.10', '{"plain":1.10}'],
  ['minus zero', '"plain":-0', '{"plain":-0}'],
  ['more than a double holds', '"plain":1e400,"other":-1E-400', '{"plain":1e400,"other":-1E-400}'],
  ['many digits', '"plain":0.1000000000000000055511151231257827', '{"plain":0.1000000000000000055511151231257827}'],
  ['escapes', String.raw`"plain":"\u00e9\/\b\u2028\"\\"`, String.raw`{"plain":"\u00e9\/\b\u2028\"\\"}`],
  ['surrogate pairs', String.raw`"plain":"\ud83d\ude00 😀"`, String.raw`{"plain":"\ud83d\ude00 😀"}`],

  ['__proto__ declared', '"__proto__":"canary"', '{"__proto__":"canary"}'],
  ['__proto__ declared as a scalar', '"__proto__":{"plain":"hiddenvalue"}', 'action_failed __proto__'],
  ['constructor declared', '"constructor":"canary"', '{"constructor":"canary"}'],
  ['__proto__ beneath', '"protos":{"__proto__":{"x":1,"z":2}}', '{"protos":{"__proto__":{"x":1}}}'],
  ['constructor beneath', '"protos":{"constructor":{"y":1,"x":2}}', '{"protos":{"constructor":{"y":1}}}'],
  ['toString declared', '"protos":{"toString":"canary"}', '{"protos":{"toString":"canary"}}'],
  ['names of prototypes undeclared', '"nested":{"__proto__":{"b":"hiddenvalue"},"hasOwnProperty":"hiddenvalue"}', '{}'],
  ['__proto__ in a map', '"map":{"__proto__":1,"constructor":2}', '{"map":{"__proto__":1,"constructor":2}}'],
  ['__proto__ beneath everything', '"tree":{"__proto__":{"a":1}}', '{"tree":{"__proto__":{"a":1}}}'],
];

describe('paths', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { things: POLICY } },
      lines: CASES.map(([, members], i) => `{"id":"canary-${i}",${members}}`),
    });
  });

  it.each(CASES.map((one, line) => [...one, line] as const))('%s', (_, _members, expected, line) => {
    expect(outcomeOf(run.fate(line), 'clean')).toBe(expected);
  });

  it('checks the shape of declared paths for withheld outputs too: one dead letter a record, no second decision', () => {
    for (const [line, [, , expected]] of CASES.entries()) {
      const dead = !expected.startsWith('{');
      expect(run.fate(line).dead !== null, CASES[line]?.[0]).toBe(dead);
      expect(run.fate(line).withheld, CASES[line]?.[0]).toEqual(dead ? {} : { asked: 'consent_missing' });
    }
  });
});

describe('everything at the top', () => {
  it('is declared by **, and beats nothing more specific', async () => {
    const policy = `
route: all
from: { topic: raw.all, format: json }
subject: id
fields:
  "**": system
  who.name: user
outputs:
  - topic: clean
    purpose: ops
    rules: [{ select: system, action: keep }]
`;
    const run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { all: policy } },
      lines: [
        '{"id":"1","a":{"b":[1]},"who":{"name":"hiddenvalue","age":3}}',
        '{"id":"1","who":{"name":{"x":"hiddenvalue"}}}',
        '{"id":"1","who":"x"}',
      ],
    });
    expect(JSON.parse(outcomeOf(run.fate(0), 'clean'))).toEqual({ id: '1', a: { b: [1] }, who: { age: 3 } });
    expect(outcomeOf(run.fate(1), 'clean')).toBe('action_failed who.name');
  });
});

describe('only records that would be withheld', () => {
  const policy = `
route: withheld
from: { topic: raw.withheld, format: json }
subject: id
fields:
  email: user
  ip: user
outputs:
  - topic: asked
    purpose: ask
    rules:
      - { select: email, action: mask, mask: email }
`;
  it('die of a wrong shape, and not of a value that no action was run on', async () => {
    const run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { withheld: policy } },
      lines: [
        '{"id":"canary","email":{"x":"hiddenvalue"}}',
        '{"id":"canary","ip":["hiddenvalue"]}',
        '{"id":"canary","email":"hiddenvalue-without-at"}',
        '{"id":"canary","email":42}',
      ],
    });
    const fates = [0, 1, 2, 3].map((line) => outcomeOf(run.fate(line), 'asked'));
    expect(fates).toEqual([
      'action_failed email',
      'action_failed ip',
      'withheld consent_missing',
      'withheld consent_missing',
    ]);
  });
});
