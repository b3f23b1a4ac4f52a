/**
 * Issue 5: callbacks of requests, told by real processes: one that is killed after it told and before that is recorded
 * tells again under the same id; and whoever has the public key can check what came.
 */
import { createPublicKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import nacl from 'tweetnacl';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import type { ShownRequest } from '../../services/core/requests/show.ts';
import { command, type CommandEnd, until } from '../stack/commands.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { writeConfig } from '../stack/small-config.ts';
import { setUp, total, type Workbench } from '../stack/workbench.ts';

const SUBJECT = `c-told-${process.pid}-qzjxwvkp`;
const SECRET = `path-${process.pid}-kvqxjzwp`;

type Told = { readonly id: string; readonly status: string; readonly text: string; readonly good: boolean };

const stack = sharedStack();
const REDIS_URL = `${stack.redis}/9`;
let bench: Workbench;
let receiver: Server;
let url: string;
let publicKey: Uint8Array;
const told: Told[] = [];
/** The status to answer with; null: none. */
let answer: (one: Told) => number | null = () => 200;

const request = (...args: string[]): Promise<CommandEnd> => command(['request', ...args], bench.env);

beforeAll(async () => {
  receiver = createServer((asked, response) => {
    const parts: Buffer[] = [];
    asked.on('data', (part: Buffer) => parts.push(part));
    asked.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const header = (name: string): string => String(asked.headers[`webhook-${name}`]);
      const [version, signature = ''] = header('signature').split(',');
      const signed = Buffer.from(`${header('id')}.${header('timestamp')}.${text}`);
      const good = version === 'v1a' && nacl.sign.detached.verify(signed, Buffer.from(signature, 'base64'), publicKey);
      const one = { id: header('id'), status: String(JSON.parse(text).request_status), text, good };
      told.push(one);
      const status = answer(one);
      if (status !== null) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  url = `http://127.0.0.1:${port}/${SECRET}?token=${SECRET}`;
  bench = await setUp({ ...stack.env, REDIS_URL, LETHE_CALLBACK_HOSTS: `127.0.0.1:${port}` });
  const pem = await lethe(['keys', 'public'], bench.env);
  publicKey = createPublicKey(pem).export({ type: 'spki', format: 'der' }).subarray(-32);
  await lethe(['push', writeConfig(join(bench.dir, 'config'), [{ name: `told-${process.pid}` }])], bench.env);
});
afterAll(async () => {
  await bench?.end();
  receiver?.closeAllConnections();
  receiver?.close();
});

describe('callbacks of a request', () => {
  it('are told each change, again under the same id where the process was killed or the receiver failed', async () => {
    answer = () => null;
    const created = await request('create', '--type', 'access', SUBJECT, '--callback', url);
    expect(created).toMatchObject({ code: 0, stderr: '' });
    const id = created.stdout.trim();
    const killed = await bench.control();
    await until('the first is told', () => told.length === 1);
    await killed.kill();

    let failing = 1;
    answer = ({ status }) => (status === 'in_progress' && failing-- > 0 ? 500 : 200);
    const controls: RunningWorker[] = [await bench.control(), await bench.control()];
    const sum = async (result: string): Promise<number> => {
      const each = controls.map((one) => total(one, 'lethe_request_callbacks_total', `result="${result}"`));
      return (await Promise.all(each)).reduce((one, other) => one + other, 0);
    };
    await until('all is told', async () => (await sum('delivered')) >= 3, 60_000);
    const ids = (status: string): string[] => told.filter((one) => one.status === status).map((one) => one.id);
    // At least: a machine that stands still for long has a message told once more.
    for (const [status, times] of Object.entries({ pending: 2, in_progress: 2, completed: 1 })) {
      expect(ids(status).length, status).toBeGreaterThanOrEqual(times);
    }
    expect(new Set(told.map((one) => one.id)).size).toBe(3);
    for (const one of told) {
      expect(one.id).toMatch(new RegExp(`^${id}_\\d+$`));
      expect(one.good).toBe(true);
      expect(one.text).not.toContain(SUBJECT);
    }
    expect(await sum('failed')).toBeGreaterThanOrEqual(1);
    expect(await sum('given_up')).toBe(0);
    // What was told is recorded at the latest when they end.
    expect(await Promise.all(controls.map((control) => control.stop()))).toEqual([0, 0]);
    const { stdout: shown } = await request('show', id, '--format', 'json');
    const { callbacks } = JSON.parse(shown) as ShownRequest;
    expect(callbacks.map(({ request_status: status, state }) => [status, state])).toEqual(
      ['pending', 'in_progress', 'completed'].map((status) => [status, 'delivered']),
    );
    expect(shown + bench.logs()).not.toContain(SECRET);
  });

  it('are refused where no setting names their host', async () => {
    const ends = await Promise.all(
      [
        ['https://elsewhere.example/', bench.env] as const,
        [url, { ...bench.env, LETHE_CALLBACK_HOSTS: '' }] as const,
      ].map(([one, env]) => command(['request', 'create', '--type', 'access', SUBJECT, '--callback', one], env)),
    );
    for (const end of ends) {
      expect(end).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining('LETHE_CALLBACK_HOSTS') });
      expect(end.stderr).not.toContain(SECRET);
    }
  });
});
