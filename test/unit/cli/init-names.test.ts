import { describe, expect, it } from 'vitest';
import { initNames, type NamedSource } from '../../../services/cli/init-names.ts';

const file = (name: string): NamedSource => ({ kind: 'file', file: name });

describe('initNames', () => {
  it.each<[NamedSource, { route?: string; topic?: string }, string, string]>([
    [file('orders.jsonl'), {}, 'orders', 'raw.orders'],
    [file('data/My Orders (1).json'), {}, 'My-Orders-1', 'raw.My-Orders-1'],
    [file('…'), {}, 'events', 'raw.events'],
    [file('x.jsonl'), { route: 'orders' }, 'orders', 'raw.orders'],
    [file('x.jsonl'), { topic: 'in.orders' }, 'in.orders', 'in.orders'],
    [file('x.jsonl'), { topic: 'raw.orders' }, 'orders', 'raw.orders'],
    [{ kind: 'topic', topic: 'raw.orders' }, {}, 'orders', 'raw.orders'],
    [{ kind: 'topic', topic: '_orders' }, { route: 'o' }, 'o', '_orders'],
    [{ kind: 'subject', subject: 'raw.orders-value' }, {}, 'orders', 'raw.orders'],
    [{ kind: 'subject', subject: 'com.example.Order' }, {}, 'events', 'raw.events'],
    [{ kind: 'subject', subject: 'com.example.Order' }, { topic: 'raw.orders' }, 'orders', 'raw.orders'],
  ])('%j with %j', (source, flags, route, topic) => {
    expect(initNames(source, flags)).toEqual({ route, topic });
  });

  it.each<[NamedSource, { route?: string; topic?: string }]>([
    [file('x'), { route: '../x' }],
    [file('x'), { route: '' }],
    [file('x'), { topic: 'a b' }],
    [file('x'), { topic: '..' }],
    [{ kind: 'topic', topic: 'a' }, { topic: 'b' }],
  ])('refuses %j with %j', (source, flags) => {
    expect(() => initNames(source, flags)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
