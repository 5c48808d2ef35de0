/**
 * Feeds for bench/articles.ts, in a process of its own: every address of 127.0.0.0/8 is a host.
 * `/feed/N` has 50 items, `/large` 20 MB. Says its port on stdout.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rssBody } from './feed-bodies.ts';

const LARGE_ITEMS = 7_200;
const large = rssBody(0, undefined, LARGE_ITEMS);
const headers = { 'content-type': 'application/rss+xml; charset=utf-8' };

const server = createServer((request, response) => {
  const path = request.url ?? '';
  const n = Number(path.slice('/feed/'.length));
  const body = path === '/large' ? large : rssBody(n);
  response.writeHead(200, { ...headers, etag: `"${n}"`, 'content-length': body.length }).end(body);
});
server.listen(0, '0.0.0.0', 4_096, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
