import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retryAfterMsOf } from '../../client/errors.ts';
import { type ClientOptions, createClient, TidemarkApiError } from '../../client/index.ts';
import { fullJitterMs } from '../../client/retry.ts';
import type { Time } from '../../client/time.ts';

/** Chance is always a half; pauses are over at once, and kept. */
function stillTime(): Time & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    nowMs: () => Date.UTC(2026, 0, 1),
    random: () => 0.5,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      pauses.push(ms);
    },
  };
}

type Reply = number | [status: number, retryAfter: string] | Error;

/** A server that gives these answers, one after the other, and then the last one for ever. */
function serving(replies: readonly Reply[], options: Partial<ClientOptions> = {}) {
  const time = stillTime();
  const sent: string[] = [];
  const client = createClient({
    url: 'http://tidemark.test',
    time,
    fetch: async (_, init) => {
      const reply = replies[Math.min(sent.length, replies.length - 1)]!;
      sent.push(init?.method ?? 'GET');
      init?.signal?.throwIfAborted();
      if (reply instanceof Error) throw reply;
      const [status, retryAfter] = typeof reply === 'number' ? [reply] : reply;
      const error = { code: 'unavailable', message: 'not now' };
      return new Response(JSON.stringify(status === 200 ? { items: [], next: null } : { error }), {
        status,
        headers: {
          'content-type': 'application/json',
          ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
        },
      });
    },
    ...options,
  });
  return { client, time, sent };
}

describe('requests that fail', () => {
  for (const status of [429, 502, 503, 504]) {
    it(`are sent again after ${status}, with longer pauses each time`, async () => {
      const { client, time, sent } = serving([status, status, 200]);
      await client.call('pairs');
      assert.equal(sent.length, 3);
      assert.deepEqual(time.pauses, [250, 500]);
    });
  }

  it('are sent again when the connection is lost, and told when that helps nothing', async () => {
    const { client, sent } = serving([new TypeError('fetch failed')]);
    await assert.rejects(client.call('pairs'), { status: 0, code: 'unreachable' });
    assert.equal(sent.length, 4);
  });

  it('wait as long as the server says, and a little more', async () => {
    const { client, time } = serving([[503, '7'], 200]);
    await client.call('pairs');
    assert.deepEqual(time.pauses, [7250]);
  });

  it('are told at once when the server wants to be left alone for long', async () => {
    const { client, sent } = serving([[503, '61']]);
    await assert.rejects(client.call('pairs'), { status: 503, retryAfterMs: 61_000 });
    assert.equal(sent.length, 1);
  });

  for (const status of [400, 401, 403, 404, 409, 422, 500]) {
    it(`are not sent again after ${status}`, async () => {
      const { client, sent } = serving([[status, '1']]);
      await assert.rejects(client.call('pairs'), { status });
      assert.equal(sent.length, 1);
    });
  }

  it('are sent as often as the caller says, and told about', async () => {
    const told: unknown[] = [];
    const onRetry: ClientOptions['onRetry'] = ({ operation, sent, pauseMs, error }) => {
      told.push([operation, sent, pauseMs, error.status]);
    };
    const { client, sent } = serving([503], { attempts: 2, onRetry });
    await assert.rejects(client.call('pairs'), TidemarkApiError);
    assert.equal(sent.length, 2);
    assert.deepEqual(told, [['pairs', 1, 250, 503]]);
    await assert.rejects(client.call('pairs', { attempts: 1 }), TidemarkApiError);
    assert.equal(sent.length, 3);
  });

  it('end with the reason of the caller, also in a pause', async () => {
    const leaving = new AbortController();
    const { client, sent } = serving([503], { onRetry: () => leaving.abort(new Error('bye')) });
    const call = client.call('pairs', { signal: leaving.signal });
    await assert.rejects(call, { message: 'bye' });
    assert.equal(sent.length, 1);
  });
});

describe('writes that fail', () => {
  const write = (replies: readonly Reply[]) => {
    const { client, sent } = serving(replies);
    return { sent, done: client.call('addRule', { body: { name: 'etf' } }) };
  };

  it('are sent again after a 429 that says when', async () => {
    const { done, sent } = write([[429, '1'], 200]);
    await done;
    assert.deepEqual(sent, ['POST', 'POST']);
  });

  for (const reply of [429, [503, '1'], 502, 504, new TypeError('fetch failed')] as const) {
    it(`are not sent again after ${reply}: they may have been done`, async () => {
      const { done, sent } = write([reply as Reply, 200]);
      await assert.rejects(done, TidemarkApiError);
      assert.equal(sent.length, 1);
    });
  }
});

describe('what an answer says', () => {
  it('is an error even when a proxy says it in its own words', async () => {
    const client = createClient({
      url: 'http://tidemark.test',
      fetch: async () => new Response('<h1>Bad Request</h1>', { status: 400 }),
    });
    await assert.rejects(client.call('pairs'), { status: 400, code: 'unknown', details: {} });
  });

  it('may name seconds or a date to come back at', () => {
    const nowMs = Date.UTC(2026, 0, 1);
    assert.equal(retryAfterMsOf('3', nowMs), 3000);
    assert.equal(retryAfterMsOf('Thu, 01 Jan 2026 00:00:05 GMT', nowMs), 5000);
    assert.equal(retryAfterMsOf('Thu, 01 Jan 1998 00:00:00 GMT', nowMs), 0);
    for (const nothing of [null, '', 'soon', '-1', '1.5']) {
      assert.equal(retryAfterMsOf(nothing, nowMs), undefined, `${nothing}`);
    }
  });

  it('is waited for 20 s of chance at most', () => {
    assert.equal(
      fullJitterMs(1e9, () => 1),
      20_000,
    );
    assert.equal(
      fullJitterMs(5, () => 0),
      0,
    );
  });
});
