/** A mail server of a few commands: keeps what it was sent, and answers as it is told. */
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came. */
  readonly data: string;
}

export class SmtpServer {
  readonly mails: ReceivedMail[] = [];
  /** Every line that a client said outside of a message. */
  readonly commands: string[] = [];
  /** Instead of a yes, by the first word of a command; `end` is the end of a message. */
  readonly says = new Map<string, string>();
  /** What it says it can. */
  extensions: readonly string[] = [];
  readonly #server = createServer((socket) => this.#talk(socket));
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<SmtpServer> {
    const server = new SmtpServer();
    await new Promise<void>((done) => server.#server.listen(0, '127.0.0.1', done));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #talk(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => 'it left');
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    let [buffer, inData] = ['', false];
    let mail = { from: '', to: [] as string[] };
    say(this.says.get('greeting') ?? '220 mail.example');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      buffer += chunk;
      for (;;) {
        const end = buffer.indexOf(inData ? '\r\n.\r\n' : '\r\n');
        if (end === -1) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + (inData ? 5 : 2));
        if (inData) {
          inData = false;
          const said = this.says.get('end') ?? '250 kept';
          if (said.startsWith('2')) this.mails.push({ ...mail, data: line });
          say(said);
          continue;
        }
        this.commands.push(line);
        const verb = line.split(/[ :]/)[0]!.toUpperCase();
        const said = this.says.get(verb);
        if (verb === 'QUIT') return void socket.end('221 bye\r\n');
        if (said !== undefined) say(said);
        else if (verb === 'EHLO') this.#hello(say);
        else if (verb === 'DATA') say('354 go on');
        else say('250 fine');
        if (verb === 'MAIL') mail = { from: line, to: [] };
        if (verb === 'RCPT') mail.to.push(line);
        inData = verb === 'DATA' && said === undefined;
      }
    });
  }

  #hello(say: (line: string) => void): void {
    const lines = ['mail.example', ...this.extensions];
    for (const [n, line] of lines.entries()) say(`250${n < lines.length - 1 ? '-' : ' '}${line}`);
  }
}
