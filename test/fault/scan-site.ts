/** A site for many scans, which holds its answers back for as long as a test says. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const BODY = 'price: 42.5';
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`;

export class ScanSite {
  /** How often each path was asked for. */
  readonly hits = new Map<string, number>();
  readonly #held = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #holding = false;

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => 'a worker was killed');
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#held.delete(socket);
      });
      let head = '';
      socket.on('data', (bytes: Buffer) => {
        head += bytes.toString('latin1');
        if (head.includes('\r\n\r\n')) this.#answer(socket, head.split(' ')[1] ?? '');
      });
    });
  }

  static async start(): Promise<ScanSite> {
    const site = new ScanSite();
    await new Promise<void>((done) => site.#server.listen(0, '127.0.0.1', 4_096, done));
    return site;
  }

  get place(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get asked(): number {
    return [...this.hits.values()].reduce((sum, hits) => sum + hits, 0);
  }

  /** Requests that wait for their answer. */
  get held(): number {
    return this.#held.size;
  }

  hold(): void {
    this.#holding = true;
  }

  letGo(): void {
    this.#holding = false;
    for (const socket of this.#held) socket.end(ANSWER);
    this.#held.clear();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(socket: Socket, path: string): void {
    this.hits.set(path, (this.hits.get(path) ?? 0) + 1);
    if (this.#holding) this.#held.add(socket);
    else socket.end(ANSWER);
  }
}
