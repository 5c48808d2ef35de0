/** A way to a PostgreSQL that can be closed: as if the server, or the network, were away. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class Way {
  /** The same database, by this way. */
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #open = true;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async to(target: string): Promise<Way> {
    const { hostname, port, searchParams } = new URL(target);
    const folder = searchParams.get('host');
    const number = Number(port || 5432);
    const address = folder?.startsWith('/')
      ? { path: `${folder}/.s.PGSQL.${number}` }
      : { host: hostname, port: number };
    const server = createServer((socket) => way.#take(socket, connect(address)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target);
    url.searchParams.delete('host');
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    const way = new Way(server, url.href);
    return way;
  }

  /** Whoever is on it is cut off, and nobody else gets through. */
  shut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  open(): void {
    this.#open = true;
  }

  async close(): Promise<void> {
    this.shut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(socket: Socket, there: Socket): void {
    for (const [one, other] of [
      [socket, there],
      [there, socket],
    ] as const) {
      this.#sockets.add(one);
      // What ends one of the two ends the other.
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      if (this.#open) one.pipe(other);
    }
    if (!this.#open) socket.destroy();
  }
}
