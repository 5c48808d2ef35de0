import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Reason } from '../../../ingest/scans/outcome.ts';
import type { ScanResult } from '../../../ingest/scans/result.ts';
import type { ScanTarget } from '../../../ingest/scans/target.ts';
import {
  answer,
  type OnRequest,
  ok,
  patternOf,
  type Site,
  scanOnce,
  scanSite,
  startSite,
} from './site.ts';

describe('a body', () => {
  const encoded = (
    encoding: string,
    body: Buffer,
    more: Partial<ScanTarget> = {},
  ): Promise<ScanResult> =>
    scanSite((socket) => ok(socket, body, [`content-encoding: ${encoding}`]), more);
  const page = `${'x'.repeat(3_000)} price 42`;
  const pattern = patternOf('price (?P<price>\\d+)$');

  it('is read through every encoding that was asked for', async () => {
    const bodies: readonly (readonly [string, Buffer])[] = [
      ['gzip', gzipSync(page)],
      ['X-GZIP', gzipSync(page)],
      ['br', brotliCompressSync(page)],
      ['deflate', deflateSync(page)],
      ['deflate', deflateRawSync(page)],
      ['identity', Buffer.from(page)],
      ['gzip, gzip', gzipSync(gzipSync(page))],
      ['deflate, br', brotliCompressSync(deflateSync(page))],
    ];
    for (const [encoding, body] of bodies) {
      const result = await encoded(encoding, body, { pattern });
      assert.equal(result.reason, 'ok', `${encoding}: ${result.text}`);
      assert.deepEqual(result.match?.values, { price: 42 });
      assert.deepEqual([result.bodyBytes, result.wireBytes], [page.length, body.length], encoding);
    }
    const empty = await encoded('gzip', Buffer.alloc(0));
    assert.deepEqual([empty.reason, empty.bodyBytes], ['ok', 0]);
  });

  it('in another encoding, a broken one, or one that ends early is told', async () => {
    const cases: readonly (readonly [string, Buffer, Reason])[] = [
      ['zstd', Buffer.from('x'), 'encoding'],
      ['gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(page))), 'encoding'],
      ['gzip', Buffer.from('not compressed at all'), 'encoding'],
      ['gzip', Buffer.concat([gzipSync(page), Buffer.from('garbage')]), 'encoding'],
      ['br', Buffer.from('not compressed at all, neither is this'), 'encoding'],
      ['deflate', Buffer.from('\xff\xff\xff\xff', 'latin1'), 'encoding'],
      ['gzip', gzipSync(page).subarray(0, 20), 'incomplete'],
      ['br', brotliCompressSync(page).subarray(0, 12), 'incomplete'],
      ['gzip, gzip', gzipSync(gzipSync(page).subarray(0, 20)), 'incomplete'],
    ];
    for (const [encoding, body, reason] of cases) {
      const result = await encoded(encoding, body);
      assert.equal(result.reason, reason, `${encoding}: ${result.reason} ${result.text}`);
      assert.equal(result.status, 200);
    }
  });

  it('without end is read up to the limit', async () => {
    const endless: OnRequest = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nprice 42 ');
      const next = (): void => {
        if (!socket.destroyed) socket.write('x'.repeat(10_000), () => setImmediate(next));
      };
      next();
    };
    const cap = { bodyBytesMax: 50_000 };
    const plain = await scanSite(endless, cap);
    assert.deepEqual([plain.reason, plain.truncated, plain.bodyBytes], ['ok', true, 50_000]);
    const found = await scanSite(endless, { ...cap, pattern: patternOf('price (?P<price>\\d+)') });
    assert.deepEqual([found.reason, found.truncated], ['ok', true]);
    const lost = await scanSite(endless, { ...cap, pattern: patternOf('absent') });
    assert.deepEqual([lost.reason, lost.matched, lost.truncated], ['too-large', false, true]);
    assert.match(lost.text, /50000 bytes/);
  });

  it('that fits exactly is whole, and one byte more is not', async () => {
    const cap = { bodyBytesMax: 100, pattern: patternOf('x$') };
    const fits = await scanSite((socket) => ok(socket, 'x'.repeat(100)), cap);
    assert.deepEqual([fits.reason, fits.truncated], ['ok', false]);
    const over = await scanSite((socket) => ok(socket, `${'x'.repeat(100)}y`), cap);
    assert.deepEqual([over.reason, over.truncated], ['ok', true]);
  });
});

describe('redirects', () => {
  const redirect = (location: string, status = '302 Found') => [
    `HTTP/1.1 ${status}`,
    ...(location ? [`location: ${location}`] : []),
    'content-length: 0',
  ];

  it('that go round, or on and on, end after ten', async () => {
    const loop = await scanSite((socket) => answer(socket, redirect('/')));
    assert.deepEqual([loop.reason, loop.hops.length], ['redirect', 11]);
    const both = await scanSite((socket, head) =>
      answer(socket, redirect(head.startsWith('GET /b') ? '/a' : '/b')),
    );
    assert.equal(both.reason, 'redirect');
    let count = 0;
    const distinct = await scanSite((socket) => {
      count += 1;
      answer(socket, redirect(`/hop${count}`));
    });
    assert.deepEqual([distinct.reason, count], ['redirect', 11]);
    assert.equal(distinct.hops.at(-1)?.status, 302);
  });

  it('are followed where the location is relative, has a fragment, or other letters', async () => {
    const paths: string[] = [];
    const to = ['next', './a/b?c=d#frag', '//HOST/e', '/\u00fcber', '?q'];
    let site: Site | undefined;
    site = await startSite((socket, head) => {
      paths.push(head.split(' ')[1] ?? '');
      const location = to.shift()?.replace('HOST', site?.place ?? '');
      if (location === undefined) ok(socket, 'end');
      else socket.end(Buffer.from(`${redirect(location).join('\r\n')}\r\n\r\n`, 'utf8'));
    });
    const result = await scanOnce({ url: `${site.url}/start#top` }, { sites: [site] });
    await site.close();
    assert.equal(result.reason, 'ok', result.text);
    assert.deepEqual(paths.slice(0, 4), ['/start', '/next', '/a/b?c=d', '/e']);
    assert.match(paths[4] ?? '', /^\/%C3%(BC|83%C2%BC)ber$/);
    assert.equal(result.hops.length, 6);
    assert.ok(result.hops.slice(0, -1).every(({ status }) => status === 302));
  });

  it('without a location are answers', async () => {
    const bare = await scanSite((socket) => answer(socket, redirect('')));
    assert.deepEqual([bare.reason, bare.status], ['status', 302]);
    const unwanted = await scanSite((socket) => answer(socket, redirect('/x')), {
      followRedirects: false,
    });
    assert.deepEqual([unwanted.reason, unwanted.hops.length], ['ok', 1]);
  });

  it('change the method and keep the body as browsers do', async () => {
    for (const [status, method] of [
      ['301 Moved', 'GET'],
      ['303 See Other', 'GET'],
      ['307 Temporary', 'POST'],
      ['308 Permanent', 'POST'],
    ]) {
      const heads: string[] = [];
      const serve: OnRequest = (socket, head) => {
        heads.push(head);
        if (heads.length === 1) answer(socket, redirect('/end', status));
        else ok(socket, 'end');
      };
      const result = await scanSite(serve, { method: 'POST', body: 'a=1' });
      assert.equal(result.reason, 'ok', result.text);
      assert.ok(heads[1]?.startsWith(`${method} /end`), `${status}: ${heads[1]}`);
    }
    const away = await scanSite(
      (socket) => answer(socket, redirect('http://93.184.216.34/', '307 T')),
      {
        method: 'POST',
        body: 'secret',
      },
    );
    assert.equal(away.reason, 'redirect');
  });
});
