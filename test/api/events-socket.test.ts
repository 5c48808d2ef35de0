import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { errorOf, raw, startApi, type TestApi } from '../helpers/api.ts';
import { FakeEvents, hubOver } from '../helpers/events.ts';
import { eventually } from '../helpers/eventually.ts';

const SECRET = 'a-secret-of-16-or-more';

interface Message {
  readonly id?: number;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A client of the kind that programs use. */
class Client {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(url: string, options: ConstructorParameters<typeof WebSocket>[2] = {}) {
    this.socket = new WebSocket(url.replace('http', 'ws'), options);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
  }

  get ids() {
    return this.messages.map(({ id }) => id);
  }

  opened(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('error', reject);
    });
  }

  async closing() {
    return eventually(() => {
      assert.ok(this.closed);
      return this.closed;
    });
  }
}

/** The status of a handshake that is refused. */
function refusal(url: string, options: ConstructorParameters<typeof WebSocket>[2] = {}) {
  return new Promise<number>((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), options);
    socket.once('unexpected-response', (_request, answer) => resolve(answer.statusCode ?? 0));
    socket.once('open', () => reject(new Error('it was taken')));
    socket.once('error', () => undefined);
  });
}

describe('the websocket of events', () => {
  const events = new FakeEvents();
  const hub = hubOver(events, { beatMs: 50 });
  let api: TestApi;
  let url: string;
  before(async () => {
    api = await startApi({ hub });
    url = `${api.url}/ws`;
  });
  after(async () => {
    await hub.close();
    await api.close();
  });

  it('pushes what happens from now on', async () => {
    events.tell('scan');
    const client = await new Client(`${url}?kinds=article`).opened();
    events.tell('scan');
    const id = events.tell('article', { title: 'x'.repeat(70_000) });
    const short = events.tell('article', { title: 'x'.repeat(300) });
    await events.look();
    await eventually(() => assert.deepEqual(client.ids, [id, short]));
    assert.deepEqual(Object.keys(client.messages[0]!), ['id', 'kind', 'at', 'data']);
    assert.equal(String(client.messages[0]!.data.title).length, 70_000);
    client.socket.close();
  });

  it('reads on after a number of its address, or of its first message', async () => {
    const wanted = events.events.filter(({ id, kind }) => id > 1 && kind === 'scan');
    const ids = wanted.map(({ id }) => id);
    const client = await new Client(`${url}?after=1&kinds=scan`).opened();
    const other = await new Client(url).opened();
    other.socket.send('{"kinds":["scan"],"after":1}');
    await eventually(() => assert.deepEqual(client.ids, ids));
    await eventually(() => assert.deepEqual(other.ids, ids));
    client.socket.close();
    other.socket.close();
  });

  it('waits a moment for that message, and misses nothing meanwhile', async () => {
    const client = await new Client(url).opened();
    const id = events.tell('scan');
    events.tell('price');
    await events.look();
    client.socket.send('{"kinds":["scan"]}');
    await eventually(() => assert.deepEqual(client.ids, [id]));
    const silent = await new Client(url).opened();
    const next = events.tell('price');
    await events.look();
    await eventually(() => assert.deepEqual(silent.ids, [next]));
    client.socket.close();
    silent.socket.close();
  });

  for (const said of [
    'nonsense',
    '[]',
    '{"kinds":[]}',
    '{"after":-1}',
    '{"x":1}',
    '{"after":"1"}',
  ]) {
    it(`closes with a reason on ${said}`, async () => {
      const client = await new Client(url).opened();
      client.socket.send(said);
      assert.deepEqual(await client.closing(), {
        code: 1003,
        reason: 'expected {"kinds":[...],"after":n}',
      });
    });
  }

  it('closes on a second message, on bytes, and on what is too long', async () => {
    const twice = await new Client(url).opened();
    twice.socket.send('{}');
    twice.socket.send('{}');
    assert.equal((await twice.closing()).code, 1003);
    const bytes = await new Client(url).opened();
    bytes.socket.send(Buffer.from('{}'));
    assert.equal((await bytes.closing()).code, 1003);
    const long = await new Client(url).opened();
    long.socket.send(`{"kinds":["${'a'.repeat(5_000)}"]}`);
    assert.equal((await long.closing()).code, 1009);
  });

  it('stays as long as its client answers pings, and is cut when it does not', async () => {
    const dead = await new Client(url, { autoPong: false }).opened();
    const alive = await new Client(url).opened();
    assert.equal((await dead.closing()).code, 1006);
    assert.equal(alive.closed, undefined);
    alive.socket.close();
    await alive.closing();
  });

  it('is not for pages of another origin', async () => {
    assert.equal(await refusal(url, { origin: 'http://evil.example' }), 403);
    assert.equal(await refusal(url, { headers: { host: 'evil.example' } }), 403);
    const own = await new Client(url, { origin: api.url }).opened();
    own.socket.close();
  });

  it('refuses what it does not know before the handshake', async () => {
    assert.equal(await refusal(`${url}?after=x`), 400);
    assert.equal(await refusal(`${api.url}/nothing/here`), 404);
  });

  it('tells who is no websocket what to do', async () => {
    const answer = await fetch(url);
    assert.equal(answer.status, 426);
    assert.equal(answer.headers.get('upgrade'), 'websocket');
    assert.equal((await errorOf(answer)).code, 'upgrade-required');
  });

  it('says what is wrong with a handshake, as with any other request', async () => {
    const head =
      'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 7\r\n\r\n';
    const answer = await raw(api.port, head);
    assert.match(answer, /^HTTP\/1\.1 400 .*^Sec-WebSocket-Version: 13\r$/ms);
    const { error } = JSON.parse(answer.split('\r\n\r\n')[1]!);
    assert.equal(error.code, 'invalid');
    assert.match(error.message, /Sec-WebSocket-Version/);
  });

  it('leaves requests that would like another protocol as they were', async () => {
    const head = (method: string) =>
      `${method} /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n` +
      'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n';
    assert.match(await raw(api.port, head('GET')), /^HTTP\/1\.1 200 /);
    assert.match(await raw(api.port, head('POST')), /^HTTP\/1\.1 400 /);
  });
});

describe('the websocket of events, with keys', () => {
  it('takes the header and the query', async () => {
    const keys = [{ name: 'r', role: 'read', secret: SECRET }] as const;
    const hub = hubOver(new FakeEvents());
    const api = await startApi({ keys, hub });
    assert.equal(await refusal(`${api.url}/ws`), 401);
    assert.equal(await refusal(`${api.url}/ws?key=wrong`), 401);
    const named = await new Client(`${api.url}/ws?key=${SECRET}`).opened();
    const headers = { authorization: `Bearer ${SECRET}` };
    const headed = await new Client(`${api.url}/ws`, { headers }).opened();
    await hub.close();
    assert.equal((await named.closing()).code, 1001);
    assert.equal((await headed.closing()).code, 1001);
    await api.close();
  });
});
