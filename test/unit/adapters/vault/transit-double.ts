/** A small double of Vault's transit engine, made after its API documentation. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type TransitDouble = {
  readonly address: string;
  readonly requests: { readonly path: string; readonly body: string }[];
  readonly rotate: () => void;
  /** Versions below it no longer decrypt (`min_decryption_version`). */
  readonly forgetBelow: (version: number) => void;
  /** Answers every request so, until null. */
  readonly failWith: (status: number | 'silence' | 'nonsense' | null) => void;
  readonly close: () => Promise<void>;
};

export const DOUBLE_TOKEN = 'hvs.token-of-the-double';

type Item = Record<string, string>;

export async function startTransitDouble(): Promise<TransitDouble> {
  const keys = [randomBytes(32)];
  let lowest = 1;
  let failure: number | 'silence' | 'nonsense' | null = null;
  const requests: { path: string; body: string }[] = [];

  const encrypt = (plaintext: string): string => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keys.at(-1) as Buffer, nonce);
    const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'base64'), cipher.final(), cipher.getAuthTag()]);
    return `vault:v${keys.length}:${sealed.toString('base64')}`;
  };
  const decrypt = (ciphertext: string): string => {
    const [, version = '0', text = ''] = /^vault:v(\d+):(.*)$/.exec(ciphertext) ?? [];
    const key = Number(version) >= lowest ? keys[Number(version) - 1] : undefined;
    if (key === undefined) throw new Error('ciphertext or signature version is disallowed by policy (too old)');
    const sealed = Buffer.from(text, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('base64');
  };
  const verbs: Readonly<Record<string, (item: Item) => Item>> = {
    encrypt: ({ plaintext = '' }) => ({ ciphertext: encrypt(plaintext) }),
    decrypt: ({ ciphertext = '' }) => ({ plaintext: decrypt(ciphertext) }),
    rewrap: ({ ciphertext = '' }) => ({ ciphertext: encrypt(decrypt(ciphertext)) }),
  };

  const answer = (path: string, token: unknown, body: string): readonly [number, unknown] => {
    if (token !== DOUBLE_TOKEN) return [403, { errors: ['permission denied', body] }];
    const [, verb = '', key = ''] = /^\/v1\/secret\/transit\/(\w+)\/([\w-]+)$/.exec(path) ?? [];
    if (key !== 'lethe-kek') return [404, { errors: [] }];
    if (verb === 'keys') return [200, { data: { name: key, latest_version: keys.length } }];
    const work = verbs[verb];
    if (work === undefined) return [404, { errors: [] }];
    const { batch_input: items } = JSON.parse(body) as { batch_input: Item[] };
    let bad = false;
    const batch_results = items.map((item) => {
      try {
        return work(item);
      } catch (error) {
        bad = true;
        return { error: (error as Error).message };
      }
    });
    return [bad ? 400 : 200, { data: { batch_results } }];
  };

  const server: Server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const path = request.url ?? '';
      requests.push({ path, body });
      if (failure === 'silence') return;
      if (failure === 'nonsense') return response.end('<html>');
      const [status, content] =
        failure === null ? answer(path, request.headers['x-vault-token'], body) : [failure, { errors: [body] }];
      response.writeHead(status, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(content));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    rotate: () => void keys.push(randomBytes(32)),
    forgetBelow: (version) => void (lowest = version),
    failWith: (how) => void (failure = how),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
