/** A network that fails on demand: toxiproxy, driven by its HTTP API (https://github.com/Shopify/toxiproxy#http-api). */
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import type { Log } from '../../deploy/local/error.ts';
import { goTool } from '../../deploy/local/go-tools.ts';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { startProcessPart } from '../../deploy/local/process-part.ts';
import type { RunDir } from '../../deploy/local/run-dir.ts';

export type Toxic =
  /** Milliseconds before each piece of data goes on. */
  | { readonly type: 'latency'; readonly attributes: { readonly latency: number; readonly jitter?: number } }
  /** Kilobytes a second. */
  | { readonly type: 'bandwidth'; readonly attributes: { readonly rate: number } }
  /** Nothing goes on; the connection is closed after so many milliseconds, at 0 when the toxic is taken away. */
  | { readonly type: 'timeout'; readonly attributes: { readonly timeout: number } }
  /** The connection is reset after so many milliseconds. */
  | { readonly type: 'reset_peer'; readonly attributes: { readonly timeout: number } }
  /** The connection is closed after so many bytes. */
  | { readonly type: 'limit_data'; readonly attributes: { readonly bytes: number } };

/** `upstream`: from the client to the server. */
export type Direction = 'upstream' | 'downstream';

export type Proxy = {
  readonly name: string;
  /** HOST:PORT that clients connect to. */
  readonly address: string;
  /** Sends new connections to another HOST:PORT, and cuts those that are open. */
  readonly to: (upstream: string) => Promise<void>;
  readonly add: (toxic: Toxic, direction: Direction) => Promise<void>;
  /** Refuses connections, and cuts those that are open. */
  readonly down: () => Promise<void>;
  /** Takes away every toxic, and listens again. */
  readonly heal: () => Promise<void>;
};

export type Toxiproxy = {
  readonly part: Part;
  /** Makes a proxy on a port of its own. */
  readonly proxy: (name: string, port: number, upstream: string) => Promise<Proxy>;
};

/** Starts toxiproxy, building it first where the cache lacks it. */
export async function startToxiproxy(runDir: RunDir, log: Log): Promise<Toxiproxy> {
  const binary = await goTool('toxiproxy-server', log);
  const [port = 0] = await freePorts(1);
  const config = join(runDir.path, 'toxiproxy.json');
  writeFileSync(config, '[]');
  const api = `http://127.0.0.1:${port}`;
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${api}${path}`, {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`toxiproxy: ${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : (JSON.parse(text) as unknown);
  };
  const part = await startProcessPart(runDir, {
    name: 'toxiproxy',
    endpoint: api,
    dataDir: runDir.path,
    command: binary,
    args: ['-host', '127.0.0.1', '-port', String(port), '-config', config],
    answers: async () => (await fetch(`${api}/version`)).ok,
    startTimeoutMs: 15_000,
  });
  return {
    part,
    proxy: async (name, listen, upstream) => {
      const address = `127.0.0.1:${listen}`;
      await call('POST', '/proxies', { name, listen: address, upstream, enabled: true });
      const path = `/proxies/${name}`;
      return {
        name,
        address,
        to: async (target) => void (await call('POST', path, { upstream: target })),
        add: async (toxic, stream) =>
          void (await call('POST', `${path}/toxics`, {
            ...toxic,
            name: `${toxic.type}_${stream}`,
            stream,
            toxicity: 1,
          })),
        down: async () => void (await call('POST', path, { enabled: false })),
        heal: async () => {
          for (const { name: toxic } of (await call('GET', `${path}/toxics`)) as { name: string }[]) {
            await call('DELETE', `${path}/toxics/${toxic}`);
          }
          await call('POST', path, { enabled: true });
        },
      };
    },
  };
}
