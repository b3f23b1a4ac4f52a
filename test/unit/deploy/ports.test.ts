import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts, PORT_RANGE } from '../../../deploy/local/ports.ts';

const servers: Server[] = [];
const listen = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    servers.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

afterEach(() => servers.splice(0).forEach((server) => server.close()));

describe('freePorts', () => {
  it('gives different ports of the range, each free to listen on', async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(PORT_RANGE.from);
      expect(port).toBeLessThan(PORT_RANGE.to);
      await listen(port);
    }
  });

  it('stays below the ports that Linux hands out by itself, so that a part finds its port free after a restart', () => {
    expect(PORT_RANGE.to).toBeLessThanOrEqual(32_768);
  });

  it('passes over ports that are taken and ports it has given already', async () => {
    const [taken = 0, first = 0, second = 0] = await freePorts(3);
    await listen(taken);
    const candidates = [taken, first, first, second];
    expect(await freePorts(2, () => candidates.shift() ?? 0)).toEqual([first, second]);
  });

  it('gives up where nothing is free', async () => {
    const [taken = 0] = await freePorts(1);
    await listen(taken);
    await expect(freePorts(1, () => taken)).rejects.toThrow('no 1 free ports');
  });
});
