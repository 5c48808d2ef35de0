import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { fakeInflux, gate, open, priceBatch, rankBatch, raw, startApi } from '../helpers/api.ts';

const row = ['kraken', '2022-10-11T03:35:02.358Z', '1'] as const;

/** Prices whose second half comes when `finish` is called. */
function pausing() {
  const { opened: finished, open: finish } = gate();
  const aborted = gate();
  const influx = fakeInflux(async function* ({ query }, signal) {
    if (query === 'rank') return yield rankBatch('1', '2');
    yield priceBatch([row]);
    const left = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        aborted.open();
        resolve();
      });
    });
    await Promise.race([finished, left]);
    yield priceBatch([row]);
  });
  return { influx, finish, aborted: aborted.opened };
}

describe('closing', { timeout: 60_000 }, () => {
  it('lets an answer that has begun come to its end, and takes nobody new', async () => {
    const { influx, finish } = pausing();
    const api = await startApi({ influx, graceMs: 60_000 });
    const answer = await open(`${api.url}/btcusd`);
    await once(answer, 'readable');
    const closed = api.close();
    await assert.rejects(open(`${api.url}/healthz`), { code: 'ECONNREFUSED' });
    finish();
    let text = '';
    for await (const piece of answer) text += piece;
    assert.match(text, /\]\}$/);
    await closed;
  });

  it('cuts what does not end in time and cancels its query', async () => {
    const { influx, aborted } = pausing();
    const api = await startApi({ influx, graceMs: 50 });
    const answer = await open(`${api.url}/btcusd`);
    answer.on('error', () => {});
    await once(answer, 'readable');
    const gone = new Promise((resolve) => answer.once('close', resolve));
    await api.close();
    await gone;
    assert.equal(answer.complete, false);
    await aborted;
  });

  it('does not wait for connections that are only kept alive', async () => {
    const api = await startApi({ graceMs: 60_000 });
    const socket = connect(api.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    const gone = once(socket, 'close');
    await api.close();
    await gone;
    await api.close();
  });
});

describe('an answer to who would like another protocol', { timeout: 60_000 }, () => {
  const ask = (port: number) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      'GET /btcusd HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    return socket;
  };

  it('ends when its client leaves, and cancels the query', async () => {
    const { influx, aborted } = pausing();
    const api = await startApi({ influx, graceMs: 60_000 });
    const socket = ask(api.port);
    await once(socket, 'data');
    socket.destroy();
    await aborted;
    await api.close();
  });

  it('ends when its client says more than a handshake needs', async () => {
    const { influx, aborted } = pausing();
    const api = await startApi({ influx, graceMs: 60_000 });
    const socket = ask(api.port);
    await once(socket, 'data');
    socket.write(Buffer.alloc(100_000));
    await aborted;
    await api.close();
  });

  it('keeps no server open that closes', async () => {
    const { influx, aborted } = pausing();
    const api = await startApi({ influx, graceMs: 50 });
    const socket = ask(api.port);
    await once(socket, 'data');
    const gone = once(socket, 'close');
    await api.close();
    await Promise.all([gone, aborted]);
  });
});

it('says what is wrong with a request that it cannot read', async () => {
  const api = await startApi();
  try {
    const long = await raw(
      api.port,
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    assert.match(
      long,
      /^HTTP\/1\.1 431 .*"too-large","message":"the address and the headers .* 16384/s,
    );
    assert.match(await raw(api.port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 .*is not HTTP/s);
  } finally {
    await api.close();
  }
});

it('a port in use is said so', async () => {
  const api = await startApi();
  try {
    const { listen } = await import('../../api/server.ts');
    const { default: Koa } = await import('koa');
    const { systemClock: clock } = await import('../../core/clock.ts');
    const keyring = { hasLiveKey: () => false };
    const second = { app: new Koa(), host: '127.0.0.1', port: api.port, keyring, clock };
    await assert.rejects(listen(second), { code: 'conflict', message: /in use: set PORT/ });
  } finally {
    await api.close();
  }
});
