import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createClient } from '../../client/index.ts';
import { systemTime, type Time } from '../../client/time.ts';
import type { Event } from '../../client/types.ts';
import { startApi } from '../helpers/api.ts';
import { FakeEvents } from '../helpers/events.ts';

/** Pauses are over at once, and kept; silence is told by the test, else never. */
function hurriedTime(): Time & { readonly pauses: number[]; silence: () => void } {
  const pauses: number[] = [];
  const time = {
    ...systemTime,
    pauses,
    random: () => 0.5,
    silence: () => {},
    sleep(ms: number, signal?: AbortSignal): Promise<void> {
      if (ms < 60_000) {
        pauses.push(ms);
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        time.silence = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  };
  return time;
}

interface Asked {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
}

/** A server of streams: each connection is answered by the next of these, then the last. */
async function serving(
  test: TestContext,
  answers: readonly ((response: ServerResponse) => void)[],
): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push({ url, authorization: headers.authorization, accept: headers.accept });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const block = (id: number) =>
  `id: ${id}\nevent: scan\ndata: ${JSON.stringify({ id, kind: 'scan', at: '', data: {} })}\n\n`;
const stream = (text: string, end: 'end' | 'destroy' | 'stay') => (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(text, () => {
    if (end === 'end') response.end();
    else if (end === 'destroy') response.destroy();
  });
};

async function take(events: AsyncIterable<Event>, count: number): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of events) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return ids;
}

describe('events of the client', () => {
  it('come from the API itself, those that were missed first, only of what is wanted', async () => {
    const events = new FakeEvents();
    for (const kind of ['scan', 'alert', 'scan']) events.tell(kind, { monitor: 1 });
    const { hub } = events;
    const api = await startApi({ hub });
    try {
      const client = createClient({ url: api.url });
      const found: Event[] = [];
      for await (const event of client.events({ kinds: ['scan'], after: 0 })) {
        found.push(event);
        if (found.length === 2) {
          events.tell('alert');
          events.tell('scan');
          await events.look();
        }
        if (found.length === 3) break;
      }
      assert.deepEqual(
        found.map(({ id, kind }) => [id, kind]),
        [
          [1, 'scan'],
          [3, 'scan'],
          [5, 'scan'],
        ],
      );
      assert.deepEqual(found[0]?.data, { monitor: 1 });
    } finally {
      await hub.close();
      await api.close();
    }
  });

  it('go on from the last number when the connection is lost, each once', async (test) => {
    const { url, asked } = await serving(test, [
      stream(`retry: 100\nid: 6\n\n${block(7)}${block(8)}id: 9\ndata: {"id"`, 'destroy'),
      stream(`${block(9)}:\nid: 20\n\n`, 'end'),
      stream(block(21), 'stay'),
    ]);
    const time = hurriedTime();
    const lost: unknown[] = [];
    const client = createClient({ url, key: 'secret', time });
    const onLost = (error: unknown) => lost.push(error instanceof Error);
    assert.deepEqual(await take(client.events({ onLost, kinds: ['scan'] }), 4), [7, 8, 9, 21]);
    assert.deepEqual(
      asked.map((one) => one.url),
      ['/events?kinds=scan', '/events?kinds=scan&after=8', '/events?kinds=scan&after=20'],
    );
    assert.deepEqual(
      new Set(asked.map(({ authorization }) => authorization)),
      new Set(['Bearer secret']),
    );
    assert.equal(asked[0]?.accept, 'text/event-stream');
    assert.deepEqual(lost, [true, false]);
    assert.deepEqual(time.pauses, [350, 350]);
  });

  it('come back with longer pauses while nobody answers', async (test) => {
    const refuse = (response: ServerResponse) => void response.writeHead(503).end();
    const { url } = await serving(test, [refuse, refuse, refuse, stream(block(1), 'stay')]);
    const time = hurriedTime();
    assert.deepEqual(await take(createClient({ url, time }).events(), 1), [1]);
    assert.deepEqual(time.pauses, [2250, 2500, 3000]);
  });

  it('end with what coming back does not mend', async (test) => {
    const refuse = (response: ServerResponse) => void response.writeHead(403).end();
    const { url, asked } = await serving(test, [refuse]);
    const time = hurriedTime();
    await assert.rejects(take(createClient({ url, time }).events(), 1), { status: 403 });
    assert.equal(asked.length, 1);
  });

  it('tell what is no longer kept', async (test) => {
    const gap = `event: gap\ndata: {"after":3,"oldest":9}\n\n${block(9)}`;
    const { url } = await serving(test, [stream(gap, 'stay')]);
    const gaps: unknown[] = [];
    const events = createClient({ url }).events({ after: 3, onGap: (one) => gaps.push(one) });
    assert.deepEqual(await take(events, 1), [9]);
    assert.deepEqual(gaps, [{ after: 3, oldest: 9 }]);
  });

  it('give up a connection on which nothing is heard', async (test) => {
    const { url, asked } = await serving(test, [
      stream(block(1), 'stay'),
      stream(block(2), 'stay'),
    ]);
    const time = hurriedTime();
    const ids: number[] = [];
    for await (const { id } of createClient({ url, time }).events()) {
      ids.push(id);
      if (id === 2) break;
      // The reader has to be waiting for more before silence can begin.
      setImmediate(() => setImmediate(() => time.silence()));
    }
    assert.deepEqual(ids, [1, 2]);
    assert.equal(asked[1]?.url, '/events?after=1');
  });

  it('end when the caller leaves', async (test) => {
    const { url } = await serving(test, [stream(block(1), 'stay')]);
    const leaving = new AbortController();
    const ids: number[] = [];
    for await (const { id } of createClient({ url }).events({ signal: leaving.signal })) {
      ids.push(id);
      leaving.abort();
    }
    assert.deepEqual(ids, [1]);
  });
});
