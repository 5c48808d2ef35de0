import assert from 'node:assert/strict';
import { connect, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createGate } from '../../../core/targets.ts';
import type { Reason } from '../../../ingest/scans/outcome.ts';
import { createProber } from '../../../ingest/scans/probe.ts';
import type { ScanResult } from '../../../ingest/scans/result.ts';
import { scanTarget } from '../../../ingest/scans/target.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  answer,
  type OnRequest,
  ok,
  patternOf,
  type Site,
  type SiteOptions,
  scanOnce,
  scanSite,
  startSite,
} from './site.ts';

/**
 * Scans until the site has `seen` enough, then lets the deadline pass on a clock that stands still.
 * The client's own socket tells how much has come.
 */
async function scanTooLate(
  serve: OnRequest,
  { seen, options = {} }: { seen: (site: Site, client: Socket) => boolean; options?: SiteOptions },
): Promise<ScanResult> {
  const site = await startSite(serve, options);
  const clock = new ManualClock();
  const gate = createGate({ allowPrivate: [site.place] });
  let client: Socket | undefined;
  const prober = createProber({
    gate,
    clock,
    version: 'test',
    connect: ({ address }, port) => {
      client = connect({ host: address, port });
      return client;
    },
  });
  try {
    const result = prober.scan(scanTarget({ url: `${site.url}/`, timeoutMs: 1_000 }));
    await eventually(() => assert.ok(client && seen(site, client), 'not there yet'));
    await clock.advance(999);
    assert.equal(client?.destroyed, false, 'not before its time');
    await clock.advance(20);
    return await result;
  } finally {
    await prober.close();
    await site.close();
  }
}

function late(result: ScanResult, reason: Reason): void {
  assert.equal(result.reason, reason, result.text);
  assert.ok(result.totalMs >= 1_000 && result.totalMs <= 1_020, `${result.totalMs} ms`);
}

describe('a server that takes its time', () => {
  const asked = (site: Site): boolean => site.requests.length > 0;
  const came = (bytes: number) => (_site: Site, client: Socket) => client.bytesRead >= bytes;

  it('and never answers, is left at the deadline', async () => {
    const result = await scanTooLate(() => undefined, { seen: asked });
    late(result, 'timeout-first-byte');
    assert.equal(result.failedIn, 'firstByte');
    assert.ok((result.phases.firstByte ?? 0) >= 1_000);
    assert.ok(result.phases.connect !== undefined);
    assert.equal(result.phases.transfer, undefined);
  });

  it('and sends its headers byte by byte', async () => {
    const serve: OnRequest = (socket) => {
      const head = [...'HTTP/1.1 200 OK\r\nx-slow: '];
      const next = (): void => {
        if (!socket.destroyed) socket.write(head.shift() ?? 'x', () => setImmediate(next));
      };
      next();
    };
    late(await scanTooLate(serve, { seen: came(40) }), 'timeout-transfer');
  });

  it('and sends its body byte by byte for ever', async () => {
    const serve: OnRequest = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const next = (): void => {
        if (!socket.destroyed) socket.write('x', () => setImmediate(next));
      };
      next();
    };
    const result = await scanTooLate(serve, { seen: came(60) });
    late(result, 'timeout-transfer');
    assert.equal(result.status, 200);
    assert.ok((result.bodyBytes ?? 0) > 0);
    assert.match(result.evidence ?? '', /^x+$/);
  });

  for (const status of ['103 Early Hints', '102 Processing']) {
    it(`and announces an answer for ever (${status})`, async () => {
      const serve: OnRequest = (socket) => {
        const next = (): void => {
          if (!socket.destroyed)
            socket.write(`HTTP/1.1 ${status}\r\n\r\n`, () => setImmediate(next));
        };
        next();
      };
      const result = await scanTooLate(serve, { seen: came(500) });
      late(result, 'timeout-transfer');
      assert.equal(result.status, undefined);
    });
  }

  it('and does not go on with the handshake', async () => {
    const site = await startSite(() => undefined);
    const clock = new ManualClock();
    const gate = createGate({ allowPrivate: [site.place] });
    const prober = createProber({ gate, clock, version: 'test' });
    try {
      const result = prober.scan(scanTarget({ url: `https://${site.place}/`, timeoutMs: 1_000 }));
      await eventually(() => assert.equal(site.connections, 1));
      await eventually(async () => {
        await clock.advance(100);
        assert.ok((await Promise.race([result, undefined])) !== undefined);
      });
      assert.deepEqual([(await result).reason, (await result).failedIn], ['timeout-tls', 'tls']);
    } finally {
      await prober.close();
      await site.close();
    }
  });

  it('and whose address answers nothing', async () => {
    const clock = new ManualClock();
    const gate = createGate({ allowPrivate: ['10.9.9.9:80'] });
    const sockets: Socket[] = [];
    // A connection that never comes about: a socket that nobody connects.
    const open = (): Socket => {
      const socket = new Socket();
      sockets.push(socket);
      return socket;
    };
    const prober = createProber({ gate, clock, version: 'test', connect: open });
    const result = prober.scan(scanTarget({ url: 'http://10.9.9.9/', timeoutMs: 1_000 }));
    await eventually(() => assert.equal(sockets.length, 1));
    await clock.advance(1_010);
    late(await result, 'timeout-connect');
    assert.ok(sockets[0]?.destroyed, 'the connection is not left behind');
    await prober.close();
  });

  it('is left at once when the caller leaves', async () => {
    const site = await startSite(() => undefined);
    const gate = createGate({ allowPrivate: [site.place] });
    const prober = createProber({ gate, clock: new ManualClock(), version: 'test' });
    const leave = new AbortController();
    const result = prober.scan(scanTarget({ url: `${site.url}/` }), leave.signal);
    await eventually(() => assert.equal(site.requests.length, 1));
    leave.abort();
    assert.equal((await result).reason, 'cancelled');
    assert.equal(
      (await prober.scan(scanTarget({ url: site.url }), leave.signal)).reason,
      'cancelled',
    );
    const last = prober.scan(scanTarget({ url: `${site.url}/` }));
    await eventually(() => assert.equal(site.requests.length, 2));
    await prober.close();
    assert.equal((await last).reason, 'cancelled');
    await site.close();
  });
});

describe('a server that ends the connection', () => {
  it('before, in the middle of and after what it announced, is told apart', async () => {
    const cases: readonly (readonly [OnRequest, Reason])[] = [
      [(socket) => socket.end(), 'reset'],
      [(socket) => socket.resetAndDestroy(), 'reset'],
      [(socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le'), 'reset'],
      [
        (socket) => answer(socket, ['HTTP/1.1 200 OK', 'content-length: 100'], 'short'),
        'incomplete',
      ],
      [
        (socket) => answer(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked', 'a\r\nshort'),
        'incomplete',
      ],
      [(socket) => answer(socket, ['HTTP/1.1 200 OK', 'content-length: 2'], 'much longer'), 'ok'],
      [(socket) => answer(socket, 'HTTP/1.1 200 OK', 'to the end'), 'ok'],
    ];
    for (const [at, [serve, reason]] of cases.entries()) {
      const result = await scanSite(serve);
      assert.equal(result.reason, reason, `case ${at}: ${result.text}`);
    }
    const cut = await scanSite((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () =>
        socket.resetAndDestroy(),
      );
    });
    assert.equal(cut.reason, 'incomplete', cut.text);
    assert.equal(cut.status, 200);
  });

  it('or where nobody listens', async () => {
    const site = await startSite(() => undefined);
    await site.close();
    const result = await scanOnce({ url: `${site.url}/` }, { sites: [site] });
    assert.deepEqual(
      [result.reason, result.failedIn, result.address],
      ['refused', 'connect', '127.0.0.1'],
    );
    assert.ok(result.phases.dns !== undefined && result.phases.connect !== undefined);
  });
});

describe('a server that speaks something else', () => {
  it('is told as not HTTP', async () => {
    const heads = [
      ...['hello', 'HTTP/0.9 200 OK', 'HTTP/1.1 abc OK', 'HTTP/1.1 2000 OK', '<html></html>'],
      ...['HTTP/1.1 099 Odd', 'HTTP/1.1 999 Odd', 'HTTP/1.1 600 Odd', 'SSH-2.0-OpenSSH_9.2'],
      ...['HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade'],
      ...['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2'],
      ...['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked'],
      ...['HTTP/1.1 200 OK\r\ncontent-length: -1', 'HTTP/1.1 200 OK\r\ncontent-length: x'],
      ...['HTTP/1.1 200 OK\r\nno colon', 'HTTP/1.1 200 OK\r\n: empty'],
    ];
    for (const head of heads) {
      const result = await scanSite((socket) => answer(socket, head, 'x'));
      assert.equal(result.reason, 'protocol', `${head}: ${result.reason} ${result.text}`);
    }
    const split = await scanSite((socket) => answer(socket, 'HTTP/1.1 200 O\rK\r\nx: y', 'x'));
    assert.ok(['protocol', 'ok'].includes(split.reason));
  });

  it('and an answer that has no body by its status is none', async () => {
    for (const status of ['204 No Content', '304 Not Modified']) {
      const serve: OnRequest = (socket) => answer(socket, `HTTP/1.1 ${status}`, 'a body after all');
      const result = await scanSite(serve, { expectStatus: [[200, 399]], keepAlive: true });
      assert.deepEqual([result.reason, result.bodyBytes], ['ok', 0], status);
    }
  });

  it('has headers without end, or ten thousand cookies', async () => {
    const endless = await scanSite((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const next = (): void => {
        if (!socket.destroyed)
          socket.write(`x-${'y'.repeat(1000)}: z\r\n`, () => setImmediate(next));
      };
      next();
    });
    assert.equal(endless.reason, 'too-large', endless.text);
    const cookies = Array.from({ length: 10_000 }, (_, at) => `set-cookie: c${at}=${at}`);
    const result = await scanSite((socket) => answer(socket, ['HTTP/1.1 200 OK', ...cookies], 'x'));
    assert.equal(result.reason, 'too-large', result.text);
  });

  it('waits for a body where the pattern needs one', async () => {
    const result = await scanSite((socket) => ok(socket, ''), { pattern: patternOf('price') });
    assert.deepEqual([result.reason, result.matched], ['no-match', false]);
  });
});

describe('a server that asks to be left alone', () => {
  const date = new Date(Date.now() + 60_000).toUTCString();
  const cases: readonly (readonly [string, (ms: number | undefined) => boolean])[] = [
    ['120', (ms) => ms === 120_000],
    [date, (ms) => ms !== undefined && ms > 50_000 && ms <= 60_000],
    ['-5', (ms) => ms === undefined],
    ['315360000', (ms) => ms === 86_400_000],
    ['soon', (ms) => ms === undefined],
  ];
  for (const [value, fits] of cases) {
    it(`for ${value.slice(0, 10)}`, async () => {
      const head = ['HTTP/1.1 429 Slow', `retry-after: ${value}`, 'content-length: 0'];
      const result = await scanSite((socket) => answer(socket, head));
      assert.equal(result.reason, 'throttled');
      assert.ok(fits(result.retryAfterMs), `${result.retryAfterMs} ms`);
    });
  }

  it('by 503 is down, and says until when', async () => {
    const head = ['HTTP/1.1 503 Away', 'retry-after: 7', 'content-length: 0'];
    const result = await scanSite((socket) => answer(socket, head));
    assert.deepEqual([result.reason, result.retryAfterMs], ['status', 7_000]);
  });
});
