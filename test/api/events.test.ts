import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import { createMetrics } from '../../core/metrics.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { FakeEvents, hubOver, readStream } from '../helpers/events.ts';
import { eventually } from '../helpers/eventually.ts';

const SECRET = 'a-secret-of-16-or-more';

/** An API over events in memory, closed after the suite. */
function stage(limits: Parameters<typeof hubOver>[1] = {}) {
  const all: { events: FakeEvents; api: TestApi; hub: ReturnType<typeof hubOver> }[] = [];
  after(async () => {
    for (const { api, hub } of all) {
      await hub.close();
      await api.close();
    }
  });
  return async (parts: Parameters<typeof startApi>[0] = {}) => {
    const events = new FakeEvents();
    const metrics = createMetrics();
    const hub = hubOver(events, limits, { metrics });
    const api = await startApi({ hub, metrics, ...parts });
    all.push({ events, api, hub });
    return { events, api, hub };
  };
}

describe('the stream of events', () => {
  const begin = stage();
  let events: FakeEvents;
  let url: string;
  beforeEach(async () => {
    const { api, ...rest } = await begin();
    events = rest.events;
    url = `${api.url}/events`;
  });

  it('begins with the number from which it goes on, and gives what happens from now on', async () => {
    events.tell('scan');
    const reader = await readStream(url);
    assert.equal(reader.status, 200);
    assert.match(String(reader.headers['content-type']), /^text\/event-stream/);
    assert.equal(reader.headers['cache-control'], 'no-store');
    events.tell('article', { title: 'ä\nb' });
    await events.look();
    await eventually(() => assert.deepEqual(reader.ids, [2]));
    assert.equal(reader.blocks[0]?.id, '1');
    const last = reader.blocks.at(-1)!;
    assert.equal(last.event, 'article');
    const at = '2022-10-11T03:35:02.358Z';
    assert.deepEqual(JSON.parse(last.data!), {
      ...{ id: 2, kind: 'article', at },
      data: { title: 'ä\nb' },
    });
    reader.close();
  });

  it('reads on after a number, of the kinds that are asked for, and then goes live', async () => {
    for (let n = 0; n < 1_300; n += 1) events.tell(n % 2 === 0 ? 'scan' : 'price');
    const reader = await readStream(`${url}?after=100&kinds=scan,alert`);
    events.tell('scan');
    events.tell('price');
    events.tell('alert');
    await events.look();
    const wanted = events.events.filter(({ id, kind }) => id > 100 && kind !== 'price');
    await eventually(() =>
      assert.deepEqual(
        reader.ids,
        wanted.map(({ id }) => id),
      ),
    );
    reader.close();
  });

  it('goes by Last-Event-ID, whatever the address says', async () => {
    for (let n = 0; n < 5; n += 1) events.tell('scan');
    const reader = await readStream(`${url}?after=1`, { headers: { 'last-event-id': '3' } });
    await eventually(() => assert.deepEqual(reader.ids, [4, 5]));
    reader.close();
    const wrong = await fetch(url, { headers: { 'last-event-id': 'x' } });
    assert.equal(wrong.status, 400);
    assert.equal((await errorOf(wrong)).code, 'invalid');
  });

  it('says first that events are missing which nobody keeps any more', async () => {
    for (let n = 0; n < 9; n += 1) events.tell('scan');
    events.forgetUpTo(6);
    const reader = await readStream(`${url}?after=2`);
    await eventually(() => assert.deepEqual(reader.ids, [7, 8, 9]));
    const gaps = reader.blocks.filter(({ event }) => event === 'gap');
    assert.deepEqual(
      gaps.map(({ data }) => JSON.parse(data!)),
      [{ after: 2, oldest: 7 }],
    );
    assert.ok(reader.blocks.indexOf(gaps[0]!) < reader.blocks.findIndex(({ id }) => id === '7'));
    const whole = await readStream(`${url}?after=6`);
    await eventually(() => assert.deepEqual(whole.ids, [7, 8, 9]));
    assert.ok(!whole.blocks.some(({ event }) => event === 'gap'));
    reader.close();
    whole.close();
  });

  it('says that a number was never given here, and goes on from now', async () => {
    events.tell('scan');
    const reader = await readStream(`${url}?after=4000`);
    await eventually(() => assert.equal(reader.blocks.at(-1)?.event, 'gap'));
    assert.deepEqual(JSON.parse(reader.blocks.at(-1)!.data!), { after: 4000, oldest: null });
    events.tell('scan');
    await events.look();
    await eventually(() => assert.deepEqual(reader.ids, [2]));
    reader.close();
  });

  it('says so when events were forgotten before the hub came to read them', async () => {
    const reader = await readStream(url);
    for (let n = 0; n < 5; n += 1) events.tell('scan');
    events.forgetUpTo(3);
    await events.look();
    await events.look();
    await eventually(() => assert.deepEqual(reader.ids, [4, 5]));
    const gaps = reader.blocks.filter(({ event }) => event === 'gap');
    assert.deepEqual(
      gaps.map(({ data }) => JSON.parse(data!)),
      [{ after: 0, oldest: 4 }],
    );
    const late = await readStream(`${url}?after=1`);
    await eventually(() => assert.deepEqual(late.ids, [4, 5]));
    assert.equal(late.blocks[1]?.event, 'gap');
    reader.close();
    late.close();
  });

  it('ends when what was missed cannot be read, and is there again with the events', async () => {
    for (let n = 0; n < 3; n += 1) events.tell('scan');
    events.unreadable = new TidemarkError('unavailable', 'database: away');
    const reader = await readStream(`${url}?after=1`);
    await eventually(() => assert.equal(reader.ended, 'end'));
    assert.deepEqual(reader.ids, []);
    events.unreadable = undefined;
    const again = await readStream(`${url}?after=1`);
    await eventually(() => assert.deepEqual(again.ids, [2, 3]));
    again.close();
  });

  it('is at the address of the list too, for who asks for it by Accept', async () => {
    events.tell('scan');
    const list = url.replace('/events', '/api/v1/events');
    const headers = { accept: 'text/event-stream' };
    const reader = await readStream(`${list}?after=0`, { headers });
    await eventually(() => assert.deepEqual(reader.ids, [1]));
    reader.close();
    const answer = await fetch(list);
    assert.match(answer.headers.get('content-type') ?? '', /json/);
    assert.match(answer.headers.get('vary') ?? '', /Accept/);
  });

  it('refuses what it does not know, and shows its head alone to HEAD', async () => {
    for (const query of ['after=-1', 'after=x', 'kinds=', 'kinds=A', 'limit=3', 'key=']) {
      assert.equal((await fetch(`${url}?${query}`)).status, 400, query);
    }
    const head = await fetch(url, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.match(head.headers.get('content-type') ?? '', /^text\/event-stream/);
  });

  it('is refused with a reason while the events cannot be read', async () => {
    events.away = new TidemarkError('unavailable', 'database: away');
    const answer = await fetch(url);
    assert.equal(answer.status, 503);
    assert.ok(answer.headers.get('retry-after'));
    // A browser never comes back after an error.
    const headers = { accept: 'text/event-stream', 'last-event-id': '7' };
    const later = await readStream(url, { headers });
    await eventually(() => assert.equal(later.ended, 'end'));
    assert.equal(later.status, 200);
    assert.equal(later.text, 'retry: 5000\n: database: away\n\n');
    events.away = undefined;
    const reader = await readStream(url);
    assert.equal(reader.status, 200);
    reader.close();
  });
});

describe('streams of events', () => {
  const begin = stage({ clientsMax: 2, waitingEventsMax: 50, beatMs: 20 });

  it('are so many at most, and a place is free when somebody has left', async () => {
    const { api } = await begin();
    const readers = [await readStream(`${api.url}/events`), await readStream(`${api.url}/events`)];
    const third = await fetch(`${api.url}/events`);
    assert.equal(third.status, 503);
    assert.equal(third.headers.get('retry-after'), '5');
    assert.equal((await errorOf(third)).code, 'unavailable');
    readers[0]!.close();
    const again = await eventually(async () => {
      const reader = await readStream(`${api.url}/events`);
      assert.equal(reader.status, 200);
      return reader;
    });
    again.close();
    readers[1]!.close();
  });

  it('show that they are alive, with the number up to which all is sent', async () => {
    const { events, api } = await begin();
    const reader = await readStream(`${api.url}/events?kinds=article`);
    events.tell('scan');
    await events.look();
    await eventually(() => assert.equal(reader.lastId, '1'));
    assert.deepEqual(reader.ids, []);
    reader.close();
  });
});

describe('streams of events that are not taken', () => {
  const begin = stage({ waitingEventsMax: 50, beatMs: 20 });

  it('end when a client takes nothing any more, which reads on from its last number', async () => {
    const { events, api, hub } = await begin();
    const url = `${api.url}/events?after=0`;
    const slow = await readStream(url, { paused: true });
    const text = 'x'.repeat(100_000);
    // More than the connection itself takes.
    await eventually(async () => {
      for (let n = 0; n < 10; n += 1) events.tell('article', { text });
      await events.look();
      assert.match((await api.metrics.read()).text, /streams_cut_total\{reason="slow"\} 1/);
    });
    slow.answer.resume();
    await eventually(() => assert.ok(slow.ended));
    const seen = [...slow.ids];
    const last = events.events.length;
    assert.ok(seen.length < last, 'it did not get all');
    const again = await readStream(url, { headers: { 'last-event-id': String(seen.at(-1) ?? 0) } });
    await eventually(() => assert.equal(again.ids.at(-1), last));
    assert.deepEqual(
      [...seen, ...again.ids],
      events.events.map(({ id }) => id),
    );
    again.close();
    await hub.close();
  });

  it('end by the server\u2019s word when it stops, and no more begin', async () => {
    const { api, hub } = await begin();
    const reader = await readStream(`${api.url}/events`);
    // As the list of what is to be closed has it: by itself.
    const { close } = hub;
    await close();
    await eventually(() => assert.equal(reader.ended, 'end'));
    assert.equal((await fetch(`${api.url}/events`)).status, 503);
  });
});

describe('streams of events that are taken slowly', () => {
  const begin = stage({ waitingEventsMax: 50 });

  it('are served late, hold little, and lose nothing', async () => {
    const { events, api, hub } = await begin();
    const slow = await readStream(`${api.url}/events?after=0`, { paused: true });
    const quick = await readStream(`${api.url}/events?after=0`);
    const text = 'x'.repeat(100_000);
    // Far more than the connection itself takes.
    const last = 400;
    for (let n = 0; n < last; n += 10) {
      for (let m = 0; m < 10; m += 1) events.tell('article', { text });
      await events.look();
    }
    await eventually(() => assert.equal(quick.ids.length, last));
    const metrics = async () => (await api.metrics.read()).text;
    const sent = Number(/events_sent_total (\d+)/.exec(await metrics())?.[1]) - last;
    assert.ok(sent < last, 'it is not given what it does not take');
    slow.answer.resume();
    await eventually(() => assert.equal(slow.ids.at(-1), last));
    const wanted = events.events.map(({ id }) => id);
    assert.deepEqual(slow.ids, wanted);
    const next = events.tell('article');
    await events.look();
    await eventually(() => assert.equal(slow.ids.at(-1), next));
    assert.doesNotMatch(await metrics(), /streams_cut_total\{/);
    for (const { close } of [slow, quick]) close();
    await hub.close();
  });
});

describe('the stream of events, with keys', () => {
  const begin = stage();
  let api: TestApi;
  before(async () => {
    ({ api } = await begin({ keys: [{ name: 'r', role: 'read', secret: SECRET }] }));
  });

  it('takes the key in the query, as a browser can send it', async () => {
    assert.equal((await fetch(`${api.url}/events`)).status, 401);
    assert.equal((await fetch(`${api.url}/events?key=wrong`)).status, 401);
    const reader = await readStream(`${api.url}/events?key=${SECRET}`);
    assert.equal(reader.status, 200);
    reader.close();
    const authorization = `Bearer ${SECRET}`;
    const other = await readStream(`${api.url}/events`, { headers: { authorization } });
    assert.equal(other.status, 200);
    other.close();
  });

  it('nowhere else', async () => {
    assert.equal((await fetch(`${api.url}/api/v1/pairs?key=${SECRET}`)).status, 401);
  });
});
