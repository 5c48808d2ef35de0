/**
 * Feeds for bench/articles.ts, in a process of its own: every address of 127.0.0.0/8 is a host.
 * `/feed/N` has 50 items, `/large` 20 MB. Says its port on stdout; each line on stdin adds a new
 * item on top of each feed, in the place of the last.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { rssBody } from './feed-bodies.ts';

const LARGE_ITEMS = 7_200;
const large = rssBody(0, { many: LARGE_ITEMS });
const headers = { 'content-type': 'application/rss+xml; charset=utf-8' };
let first = 0;

const server = createServer((request, response) => {
  const path = request.url ?? '';
  const n = Number(path.slice('/feed/'.length));
  const body = path === '/large' ? large : rssBody(n, { first });
  response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
});
server.listen(0, '0.0.0.0', 4_096, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
createInterface(process.stdin)
  .on('line', () => {
    first += 1;
    process.stdout.write(`${first}\n`);
  })
  .on('close', () => process.exit(0));
