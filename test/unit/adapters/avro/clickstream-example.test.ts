import { expect, it } from 'vitest';
import { loadBundle } from '../../../../services/adapters/config/load.ts';
import { benchOf, NOW, publish } from './routes.ts';

const CONFIG = new URL('../../../../config', import.meta.url).pathname;

it('the clickstream example: what its tags declare is published as its rules say, and no more', async () => {
  const loaded = await loadBundle(CONFIG);
  if (!loaded.ok) throw new Error('the examples do not load');
  const route = loaded.compiled.routes.find(({ format }) => format === 'avro');
  if (route === undefined || route.schemaText === null) throw new Error('there is no Avro example');
  const schema: unknown = JSON.parse(route.schemaText);
  const bench = await benchOf(route, schema);
  const page = (path: string) => ({ path, title: { string: 'Shoes' }, query: { string: 'secret=1' } });
  const value = {
    event_id: 'e-1',
    occurred_at: BigInt(NOW),
    country: { string: 'DE' },
    visitor: {
      id: 'cust-1',
      email: { string: 'user1@example.com' },
      ip: { string: '192.0.2.77' },
      device: 'phone',
      location: { 'shop.clickstream.Point': { latitude: 50.7374, longitude: 7.0982 } },
      internal_note: { string: 'secret' },
    },
    page: page('/shoes'),
    referrer: { 'shop.clickstream.Page': page('/') },
    interactions: [{ kind: 'input', element: 'q', at: BigInt(NOW), typed_text: { string: 'secret' } }],
    experiments: { checkout: { string: 'b' }, seen: { long: 9007199254740993n }, off: null },
    cart_value: { bytes: Buffer.from([0x1f, 0x3f]) },
  };
  const published = await publish(bench, schema, value);
  expect(published).toMatchObject({
    subject: 'cust-1',
    eventTime: NOW,
    region: 'DE',
    value: {
      event_id: 'e-1',
      country: { string: 'DE' },
      visitor: {
        'shop.clickstream.Visitor': {
          email: { string: 'u***@example.com' },
          ip: { string: '192.0.2.0' },
          device: { 'shop.clickstream.Device': 'phone' },
          location: { 'shop.clickstream.Point': { latitude: { double: 50.7 }, longitude: { double: 7 } } },
        },
      },
      experiments: { map: { seen: { long: 9007199254740993n }, off: null } },
      cart_value: { bytes: Buffer.from([0x1f, 0x3f]) },
    },
  });
  const text = JSON.stringify(published, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));
  for (const secret of ['secret', 'internal_note', 'typed_text', 'query', 'confluent:tags', 'user1', '.77']) {
    expect(text).not.toContain(secret);
  }
});
