/** Scans a gzip bomb and tells by how much the process grew at most. Run by probe.test.ts. */
import { createGzip } from 'node:zlib';
import { scanTarget } from '../../../ingest/scans/target.ts';
import { ok, patternOf, proberFor, type Site, startSite } from './site.ts';

/** A gigabyte of zeros, compressed a piece at a time. */
async function bomb(): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const parts: Buffer[] = [];
  gzip.on('data', (part: Buffer) => parts.push(part));
  const zeros = Buffer.alloc(1024 * 1024);
  for (let piece = 0; piece < 1024; piece += 1) {
    if (!gzip.write(zeros)) await new Promise<void>((done) => gzip.once('drain', done));
  }
  await new Promise<void>((done) => gzip.end(done));
  return Buffer.concat(parts);
}

const body = await bomb();
const page = 'x'.repeat(200_000);
const site: Site = await startSite((socket, request) => {
  if (request.startsWith('GET /page')) {
    ok(socket, page);
    return;
  }
  const head = ['HTTP/1.1 200 OK', 'content-encoding: gzip', `content-length: ${body.length}`];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(body);
});
const prober = proberFor([site]);
const target = scanTarget({ url: site.url, pattern: patternOf('absent') });
// What the first scan of a process costs, code and threads, is no cost of the bomb.
await prober.scan(scanTarget({ url: `${site.url}/page`, pattern: patternOf('absent') }));
globalThis.gc?.();
const before = process.memoryUsage().rss;
let highest = before;
const timer = setInterval(() => {
  highest = Math.max(highest, process.memoryUsage().rss);
}, 5);
const result = await prober.scan(target);
clearInterval(timer);
highest = Math.max(highest, process.memoryUsage().rss);
await prober.close();
await site.close();
process.stdout.write(
  JSON.stringify({
    grownMiB: (highest - before) / 1024 / 1024,
    sentBytes: body.length,
    bodyBytes: result.bodyBytes,
    reason: result.reason,
  }),
);
