/** `lethe top` as a person and a script run it, against servers that give a worker's metrics, or something else. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import type { TopView } from '../../services/core/top/view.ts';
import { lethe } from './command.ts';

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A worker that has decided about ten records more whenever it is asked. */
function worker(digest: string): Promise<string> {
  let asked = 0;
  return serve((request, response) => {
    if (request.url !== '/metrics') return response.writeHead(404).end();
    asked++;
    return response.end(`# TYPE lethe_records_consumed_total counter
lethe_build_info{version="1"} 1
lethe_bundle_info{digest="${digest}"} 1
lethe_records_consumed_total{route="orders"} ${10 * asked}
lethe_decisions_total{route="orders",output="clean.orders",outcome="withheld",reason="objected"} ${asked}
lethe_consumer_lag_records{topic="raw.orders",partition="0"} 4
lethe_paused_partitions{topic="raw.orders",cause="redis"} 1
`);
  });
}

const views = (stdout: string): TopView[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TopView);

it('prints one JSON object a look in a pipe, sums workers, and has rates from the second look on', async () => {
  const [a, b] = [await worker('aa'), await worker('bb')];
  const unused = '127.0.0.1:1';
  const flags = ['--metrics', `${a},http://${b}/metrics`, unused, '--interval', '200ms', '--count', '2'];
  const { code, stdout, stderr } = await lethe(['top', ...flags]);
  expect([code, stderr]).toEqual([0, '']);
  const [first, second, ...more] = views(stdout);
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    version: 1,
    workers: {
      answering: 2,
      silent: [{ endpoint: 'http://127.0.0.1:1/metrics', problem: 'refuses the connection' }],
    },
    routes: [{ route: 'orders', records: { total: 20, perSecond: null }, withheld: { total: 2, perSecond: null } }],
    topics: [{ topic: 'raw.orders', lag: 4, paused: [{ cause: 'redis', partitions: 2 }] }],
  });
  expect(second?.routes[0]?.records.total).toBe(40);
  expect(second?.routes[0]?.records.perSecond).toBeGreaterThan(0);
  expect(second?.routes[0]?.withheldBy[0]?.reason).toBe('objected');
  expect(second?.bundles).toHaveLength(2);
});

it('prints text where it is asked for, without codes of a terminal', async () => {
  const url = await worker('aa');
  const { code, stdout } = await lethe(['top', '--metrics', url, '--once', '--format', 'text']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^orders +10 +0 B +0 B +0 +1 +0 +-$/m);
  expect(stdout).toMatch(/^raw\.orders +4 +1 × redis$/m);
  expect(stdout).not.toContain('\u001b');
});

it('tells what is wrong with what answers, within its bounds', async () => {
  const endless = await serve((_, response) => {
    const more = (): void => {
      while (response.write('lethe_records_consumed_total{route="x"} 1\n'.repeat(5_000)));
    };
    response.on('drain', more);
    more();
  });
  const never = await serve(() => undefined);
  const other = await serve((_, response) => response.end('up 1\n'));
  const wrong = await serve((_, response) => response.writeHead(503).end('canary'));
  const started = Date.now();
  const flags = ['--metrics', endless, never, other, wrong, 'nowhere.invalid', '--count', '1'];
  const { code, stdout } = await lethe(['top', ...flags]);
  expect(code).toBe(0);
  expect(Date.now() - started).toBeLessThan(15_000);
  const [view] = views(stdout);
  const problems = Object.fromEntries(view!.workers.silent.map(({ endpoint, problem }) => [endpoint, problem]));
  expect(problems).toEqual({
    [`http://${endless}/metrics`]: expect.stringMatching(/^sends more than 10485760 bytes$|^no answer within/),
    [`http://${never}/metrics`]: 'no answer within 2000 ms',
    [`http://${other}/metrics`]: 'what answers there is not Lethe',
    [`http://${wrong}/metrics`]: 'answers 503',
    'http://nowhere.invalid/metrics': 'the host name has no address',
  });
  expect(stdout).not.toContain('canary');
});

it.each<[string, string[], number, RegExp]>([
  ['--once and nobody there', ['--once', '--metrics', 'u:canary@127.0.0.1:1'], 69, /no worker answers: http:\/\/127/],
  ['no URL', ['--metrics', 'http://'], 64, /--metrics is no URL/],
  ['another protocol', ['--metrics', 'ftp://x'], 64, /http and https/],
  ['an interval without a unit', ['--interval', '2'], 64, /like 500ms, 2s or 1m/],
  ['an interval too short', ['--interval', '1ms'], 64, /from 200ms/],
  ['no count', ['--count', '0'], 64, /whole number from 1/],
  ['--once and --count', ['--once', '--count', '2'], 64, /cannot be used with/],
  ['an unknown format', ['--format', 'xml'], 64, /Allowed choices/],
])('%s', async (_, flags, exitCode, told) => {
  const { code, stdout, stderr } = await lethe(['top', ...flags]);
  expect([code, stdout]).toEqual([exitCode, '']);
  expect(stderr).toMatch(told);
  expect(stderr).not.toContain('canary');
});

it('says in its help what it reads and prints', async () => {
  const { code, stdout } = await lethe(['top', '--help']);
  expect(code).toBe(0);
  for (const word of ['--metrics', '--interval', 'headless', 'Ctrl-C', '69', 'version 1'])
    expect(stdout).toContain(word);
});
