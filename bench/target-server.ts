/** A light HTTP server of its own process on loopback, for scans to aim at. */
import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Answers whatever is asked with a page of 1 kB that holds `price: 42.50`. Bare sockets: a server
 * that costs more than the scan would measure itself.
 */
const SERVER = `
const body = '<html>' + 'x'.repeat(480) + ' price: 42.50 ' + 'y'.repeat(500) + '</html>';
const head = 'HTTP/1.1 200 OK\\r\\ncontent-type: text/html\\r\\ncontent-length: ' + body.length;
require('node:net').createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    const close = data.includes('connection: close') || data.includes('Connection: close');
    const answer = head + (close ? '\\r\\nconnection: close' : '') + '\\r\\n\\r\\n' + body;
    if (close) socket.end(answer);
    else socket.write(answer);
  });
}).listen(0, '127.0.0.1', 4096, function () { console.log(this.address().port); });
`;

export interface TargetServer {
  readonly port: number;
  readonly child: ChildProcess;
}

export async function startTargetServer(): Promise<TargetServer> {
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((told) => child.stdout.once('data', (d) => told(`${d}`)));
  return { port: Number(port), child };
}
