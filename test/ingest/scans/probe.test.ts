import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LineEncoder } from '../../../core/line-protocol.ts';
import { measurements } from '../../../core/measurements.ts';
import { scanPoint } from '../../../ingest/scans/points.ts';
import { type ScanTarget, scanTarget } from '../../../ingest/scans/target.ts';
import { eventually } from '../../helpers/eventually.ts';
import { answer, ok, patternOf, proberFor, scanOnce, startSite } from './site.ts';

describe('a scan', () => {
  it('tells everything about an answer', async () => {
    const site = await startSite((socket) =>
      ok(socket, '<p>price: 1,234.50 (7 left, n/a)</p>', [
        'content-type: text/html; charset=utf-8',
      ]),
    );
    const pattern = patternOf('price: (?P<price>\\S+) \\((?P<left>\\d+) left, (?P<rest>\\S+)\\)');
    const result = await scanOnce({ url: `${site.url}/a?b=c`, pattern }, { sites: [site] });
    await site.close();
    assert.equal(result.ok, true, result.text);
    assert.deepEqual([result.status, result.httpVersion, result.charset], [200, '1.1', 'utf-8']);
    assert.deepEqual([result.address, result.port], ['127.0.0.1', site.port]);
    assert.deepEqual([result.bodyBytes, result.wireBytes, result.truncated], [36, 36, false]);
    assert.deepEqual(result.match?.values, { price: 1234.5, left: 7 });
    assert.match(result.evidence ?? '', /^<p>price/);
    assert.deepEqual(Object.keys(result.phases), ['dns', 'connect', 'firstByte', 'transfer']);
    const sum = Object.values(result.phases).reduce((all, ms) => all + ms, 0);
    assert.ok(sum <= result.totalMs, `${sum} of ${result.totalMs} ms`);
    assert.deepEqual(
      result.hops.map(({ url, reused }) => [url, reused]),
      [[`${site.url}/a?b=c`, false]],
    );
    assert.match(site.requests[0] ?? '', /^GET \/a\?b=c HTTP\/1.1\r\n/);
    assert.match(site.requests[0] ?? '', /user-agent: tidemark\/test/);
  });

  it('adds up the phases of redirects and keeps them apart', async () => {
    const site = await startSite((socket, head) => {
      if (head.startsWith('GET /end')) ok(socket, 'end');
      else answer(socket, ['HTTP/1.0 302 Found', 'location: /end', 'content-length: 0']);
    });
    const result = await scanOnce({ url: site.url }, { sites: [site] });
    await site.close();
    assert.equal(result.hops.length, 2);
    for (const phase of ['dns', 'connect', 'firstByte', 'transfer'] as const) {
      const each = result.hops.map(({ phases }) => phases[phase] ?? Number.NaN);
      const sum = each.reduce((all, ms) => all + ms, 0);
      assert.ok(Math.abs((result.phases[phase] ?? 0) - sum) < 1e-6, phase);
    }
    assert.deepEqual([result.status, result.httpVersion], [200, '1.1']);
  });

  it('expects 2xx, 3xx too where redirects are not followed, or what it is told', async () => {
    const site = await startSite((socket, head) => {
      const status = head.slice('GET /'.length, 'GET /'.length + 3);
      answer(socket, [`HTTP/1.1 ${status} X`, 'content-length: 0']);
    });
    const reason = async (status: number, more: Partial<ScanTarget> = {}) =>
      (await scanOnce({ url: `${site.url}/${status}`, ...more }, { sites: [site] })).reason;
    assert.deepEqual(
      [
        await reason(200),
        await reason(299),
        await reason(304),
        await reason(404),
        await reason(500),
      ],
      ['ok', 'ok', 'status', 'status', 'status'],
    );
    assert.equal(await reason(304, { followRedirects: false }), 'ok');
    const only: Partial<ScanTarget> = {
      expectStatus: [
        [401, 401],
        [500, 503],
      ],
    };
    assert.deepEqual([await reason(401, only), await reason(502, only)], ['ok', 'ok']);
    assert.deepEqual([await reason(200, only), await reason(504, only)], ['status', 'status']);
    assert.equal(await reason(429, { expectStatus: [[429, 429]] }), 'ok');
    await site.close();
  });

  it('uses a kept connection again, and a fresh one when the server has ended it', async () => {
    const ends: (() => void)[] = [];
    const site = await startSite((socket) => {
      ends.push(() => socket.destroy());
      ok(socket, 'x');
    });
    const prober = proberFor([site]);
    const target = scanTarget({ url: site.url, keepAlive: true });
    const first = await prober.scan(target);
    const second = await prober.scan(target);
    assert.deepEqual([first.hops[0]?.reused, second.hops[0]?.reused], [false, true]);
    assert.deepEqual(Object.keys(second.phases), ['firstByte', 'transfer']);
    assert.deepEqual([second.ok, second.address], [true, '127.0.0.1']);
    assert.equal(site.connections, 1);
    // Ended while nobody looks: the next scan may or may not have heard of it.
    ends.at(-1)?.();
    const third = await prober.scan(target);
    assert.deepEqual([third.reason, third.hops[0]?.reused], ['ok', false]);
    assert.equal(site.connections, 2);
    await prober.close();
    await site.close();
  });

  it('asks again over a fresh connection when a kept one ends under it, once', async () => {
    let seen = 0;
    const site = await startSite((socket) => {
      seen += 1;
      if (seen === 2 || seen === 4) socket.destroy();
      else ok(socket, 'x');
    });
    const prober = proberFor([site]);
    const target = scanTarget({ url: site.url, keepAlive: true });
    const reasons = [];
    for (let scan = 0; scan < 2; scan += 1) reasons.push((await prober.scan(target)).reason);
    assert.deepEqual([reasons, seen], [['ok', 'ok'], 3]);
    // Whoever answers nothing on a fresh connection is not asked a third time.
    const fresh = await prober.scan(scanTarget({ url: site.url }));
    assert.deepEqual([fresh.reason, seen], ['reset', 4]);
    await prober.close();
    await site.close();
  });

  it('never sends what is not repeatable over a kept connection', async () => {
    const site = await startSite((socket) => ok(socket, 'x'));
    const prober = proberFor([site]);
    const target = scanTarget({ url: site.url, keepAlive: true, method: 'POST', body: 'a' });
    for (let scan = 0; scan < 2; scan += 1) assert.equal((await prober.scan(target)).ok, true);
    assert.equal(site.connections, 2);
    await prober.close();
    await site.close();
  });

  it('ends the connections that it does not keep, and the kept ones with its owner', async () => {
    let open = 0;
    const onConnect = (socket: { on(event: 'close', then: () => void): void }): void => {
      open += 1;
      socket.on('close', () => {
        open -= 1;
      });
    };
    const site = await startSite((socket) => ok(socket, 'x'), { onConnect });
    const prober = proberFor([site]);
    for (const keepAlive of [false, true])
      await prober.scan(scanTarget({ url: site.url, keepAlive }));
    await eventually(() => assert.equal(open, 1));
    await prober.close();
    await eventually(() => assert.equal(open, 0));
    await site.close();
  });

  it('does not take more than its owner allows', async () => {
    const site = await startSite((socket) => ok(socket, 'x'.repeat(1_000)));
    const result = await scanOnce({ url: site.url }, { sites: [site], caps: { bodyBytes: 100 } });
    await site.close();
    assert.deepEqual([result.bodyBytes, result.truncated], [100, true]);
  });

  it('keeps a kilobyte as evidence, as a database takes it', async () => {
    const body = `a\0b${'\u{1f600}'.repeat(1_000)}`;
    const site = await startSite((socket) => ok(socket, body));
    for (const more of [{}, { pattern: patternOf('a') }]) {
      const { evidence = '' } = await scanOnce({ url: site.url, ...more }, { sites: [site] });
      assert.ok(evidence.startsWith('a\ufffdb\u{1f600}'), evidence.slice(0, 10));
      assert.ok(evidence.length <= 1024 && evidence.length > 500, `${evidence.length}`);
      assert.equal(Buffer.from(evidence).toString(), evidence);
    }
    await site.close();
  });

  it('runs many at once without mixing them up', async () => {
    const site = await startSite((socket, head) => ok(socket, `n=${head.split(/[ /]/)[2]};`));
    const prober = proberFor([site]);
    const pattern = patternOf('n=(?P<n>\\d+);');
    const scans = Array.from({ length: 200 }, async (_, n) => {
      const url = `${site.url}/${n}`;
      const result = await prober.scan(scanTarget({ url, pattern, keepAlive: n % 2 === 0 }));
      assert.equal(result.match?.values.n, n, result.text);
    });
    await Promise.all(scans);
    await prober.close();
    await site.close();
  });
});

describe('the line of a scan', () => {
  const at = { monitor: 'm1', slotMs: Date.UTC(2026, 0, 1), lateMs: 3.5 };
  const named = measurements.scan.named.prefix;

  it('has the fields of the schema, and one tag', async () => {
    const site = await startSite((socket) => ok(socket, 'price 42 status 7'));
    const pattern = patternOf('price (?P<price>\\d+) status (?P<status>\\d+)');
    const url = `${site.url}/secret?token=1`;
    const result = await scanOnce({ url, pattern }, { sites: [site] });
    await site.close();
    const point = scanPoint({ ...at, result });
    assert.deepEqual([point.measurement, point.tags], ['scan', { monitor: 'm1' }]);
    assert.deepEqual([point.fields.value_price, point.fields.value_status], [42, 7]);
    assert.deepEqual([point.fields.ok, point.fields.status, point.fields.hops], [true, 200n, 0n]);
    const known = Object.keys(measurements.scan.fields);
    for (const name of Object.keys(point.fields)) {
      assert.ok(known.includes(name) || name.startsWith(named), name);
    }
    const encoder = new LineEncoder();
    assert.equal(encoder.add(point), undefined);
    assert.doesNotMatch(encoder.take().toString(), /secret|token/);
  });

  it('leaves out what was not reached', async () => {
    const result = await scanOnce({ url: 'http://127.0.0.1:9/' }, { sites: [] });
    const { fields } = scanPoint({ ...at, result });
    assert.deepEqual([fields.ok, fields.reason], [false, 'blocked']);
    for (const name of ['status', 'bytes', 'connect_ms', 'tls_ms', 'matched', 'cert_days']) {
      assert.equal(name in fields, false, name);
    }
  });
});

describe('a target', () => {
  const refused = (given: Partial<ScanTarget> & { url: string }, option: string) =>
    assert.throws(() => scanTarget(given), new RegExp(`not a target: ${option}`));

  it('is refused with the option that is wrong', () => {
    const url = 'http://site.example/';
    for (const wrong of [
      '',
      'site.example',
      'ftp://x/',
      'file:///etc/passwd',
      'http://',
      'http://a b/',
    ]) {
      refused({ url: wrong }, 'url');
    }
    refused({ url: `http://x/${'y'.repeat(5_000)}` }, 'url');
    refused({ url, headers: { 'a b': 'c' } }, 'headers');
    refused({ url, headers: { a: 'b\r\nc: d' } }, 'headers');
    refused({ url, headers: { 'Transfer-Encoding': 'chunked' } }, 'headers');
    refused({ url, headers: { Connection: 'close' } }, 'headers');
    refused({ url, headers: { A: '1', a: '2' } }, 'headers');
    refused({ url, headers: { a: 'x'.repeat(9_000) } }, 'headers');
    refused({ url, body: 'x' }, 'body');
    refused({ url, expectStatus: [] }, 'expectStatus');
    refused({ url, expectStatus: [[300, 200]] }, 'expectStatus');
    refused({ url, expectStatus: [[200, 600]] }, 'expectStatus');
    refused({ url, timeoutMs: 0 }, 'timeoutMs');
    refused({ url, timeoutMs: 1e9 }, 'timeoutMs');
    refused({ url, bodyBytesMax: 1e9 }, 'bodyBytesMax');
  });
});

it('a bomb of one megabyte costs less than 40 MiB of memory', async () => {
  const program = join(fileURLToPath(new URL('.', import.meta.url)), 'bomb-child.js');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program]);
  const told = JSON.parse(stdout) as { grownMiB: number; sentBytes: number; bodyBytes: number };
  assert.ok(told.sentBytes > 900_000, `${told.sentBytes} bytes of bomb`);
  assert.equal(told.bodyBytes, 1024 * 1024);
  assert.ok(told.grownMiB < 40, `${told.grownMiB} MiB`);
});
