/** Clients of bench/events.ts in a process of their own: URL, streams, websockets, events. */
import { get } from 'node:http';
import { WebSocket } from 'ws';

const [url = '', streams = '0', sockets = '0', total = '0'] = process.argv.slice(2);
/** Whoever measures is gone: nobody needs the answer. */
process.once('disconnect', () => process.exit(1));
const latencies: number[] = [];
let wrong = 0;
let before = process.cpuUsage();

/** What is asked of each event. To read all of it would cost more than to send it. */
const HEAD = /^\{"id":(\d+),"kind":"\w+","at":"([^"]+)"/;

/** Takes events in their order; resolves when all are there. */
function taker(done: () => void) {
  let last = 0;
  return (text: string): void => {
    const [, id, at] = HEAD.exec(text) ?? [];
    if (Number(id) !== last + 1) wrong += 1;
    last = Number(id);
    latencies.push(Date.now() - Date.parse(at ?? ''));
    if (last === Number(total)) done();
  };
}

const stream = () =>
  new Promise<void>((resolve, reject) => {
    const take = taker(resolve);
    let rest = '';
    const asked = get(`${url}/events?after=0`, { agent: false }, (answer) => {
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) if (line.startsWith('data: ')) take(line.slice(6));
      });
      answer.on('end', () => reject(new Error('a stream ended')));
    });
    asked.on('error', reject);
  });

const socket = () =>
  new Promise<void>((resolve, reject) => {
    const take = taker(resolve);
    const client = new WebSocket(`${url.replace('http', 'ws')}/ws?after=0`);
    client.on('message', (data) => take(String(data)));
    client.on('close', (code) => reject(new Error(`a websocket was closed with ${code}`)));
    client.on('error', reject);
  });

const all = Promise.all([
  ...Array.from({ length: Number(streams) }, stream),
  ...Array.from({ length: Number(sockets) }, socket),
]);
process.send?.('connecting');
// Connections are not counted, deliveries are.
process.once('message', () => {
  before = process.cpuUsage();
});
await all;
const { user, system } = process.cpuUsage(before);
latencies.sort((a, b) => a - b);
const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)];
const ms = { p50: at(0.5), p99: at(0.99), max: at(1) };
const answer = { received: latencies.length, wrong, ms, cpuMicros: user + system };
process.send?.(answer, () => process.exit(0));
