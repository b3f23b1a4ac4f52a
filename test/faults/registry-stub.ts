/** A registry that answers every request with the same status, as one behind a broken gateway does. */
import { createServer } from 'node:http';

export type RegistryStub = { readonly address: string; readonly asked: () => number; readonly close: () => void };

export async function startRegistryStub(status: number, body: string, type: string): Promise<RegistryStub> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    address: `127.0.0.1:${port}`,
    asked: () => asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
