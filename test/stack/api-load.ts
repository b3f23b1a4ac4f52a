/** Many clients at the control API at once, each with a connection of its own and one request at a time. */
import { Agent, request } from 'node:http';

export type Load = {
  /** By receipt id: the notice of the event that was acknowledged under it. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Milliseconds of each acknowledged request, ascending. */
  readonly latencies: readonly number[];
  /** Answers that were no 202, by status; 0 is none at all. */
  readonly others: ReadonlyMap<number, number>;
};

export type LoadOptions = {
  readonly port: number;
  readonly token: string;
  readonly clients: number;
  /** Nothing is sent after so many milliseconds, or once the signal fires. */
  readonly forMs: number;
  readonly signal?: AbortSignal;
  /** Of the n-th client. */
  readonly subject: (client: number) => string;
  readonly purpose: string;
};

export async function putLoad(options: LoadOptions): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  const acknowledged = new Map<string, string>();
  const latencies: number[] = [];
  const others = new Map<number, number>();
  const end = performance.now() + options.forMs;
  const going = (): boolean => performance.now() < end && options.signal?.aborted !== true;

  const client = async (number: number): Promise<void> => {
    for (let turn = 0; going(); turn++) {
      const notice = `notice ${number}-${turn}`;
      const decision = turn % 2 === 0 ? 'granted' : 'withdrawn';
      const body = JSON.stringify({
        subject: options.subject(number),
        events: [{ purpose: options.purpose, decision, notice }],
      });
      const began = performance.now();
      const said = await put(agent, options, body);
      if (said.status === 202) {
        latencies.push(performance.now() - began);
        const { receipts } = JSON.parse(said.body) as { receipts: readonly { readonly id: string }[] };
        for (const { id } of receipts) {
          if (acknowledged.has(id)) throw new Error(`the receipt ${id} was given twice`);
          acknowledged.set(id, notice);
        }
      } else others.set(said.status, (others.get(said.status) ?? 0) + 1);
      if (said.status === 0) return;
    }
  };
  await Promise.all(Array.from({ length: options.clients }, (_, number) => client(number)));
  agent.destroy();
  return { acknowledged, latencies: latencies.sort((a, b) => a - b), others };
}

/** The value that a share of the sorted values does not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function put(agent: Agent, { port, token }: LoadOptions, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const asked = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'PUT',
        path: '/v1/consents',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        // Cut off in the middle: nobody read an acknowledgement.
        response.on('error', () => resolve({ status: 0, body: '' }));
      },
    );
    asked.on('error', () => resolve({ status: 0, body: '' }));
    asked.end(body);
  });
}
