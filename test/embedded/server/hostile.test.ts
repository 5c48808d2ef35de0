import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { call, type Engine, rows, startEmbedded } from '../../helpers/engines.ts';
import { eventually } from '../../helpers/eventually.ts';

let engine: Engine;
before(async () => {
  engine = await startEmbedded();
});
after(() => engine.stop());

const write = 'POST /api/v2/write?org=tidemark&bucket=tidemark&precision=s';

async function alive(): Promise<void> {
  assert.equal((await call(engine, write, 'alive v=1 1')).status, 204);
}

test('the inputs that kill influxd are refused', async () => {
  for (const line of ['0 \\\\="="', 'm \\0=","=3,"="']) {
    assert.equal((await call(engine, write, line)).status, 400);
  }
  await alive();
});

test('a gzip bomb is stopped at the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(300 << 20, 0x20), { level: 1 });
  const before = process.memoryUsage.rss();
  const { status, code } = await call(engine, write, bomb, { 'Content-Encoding': 'gzip' });
  assert.deepEqual([status, code], [413, 'request too large']);
  assert.ok(process.memoryUsage.rss() - before < 600 << 20);
  await alive();
});

test('a large script is refused before it is read whole', async () => {
  const path = 'POST /api/v2/query?org=tidemark';
  const { status } = await call(engine, path, { query: 'x'.repeat(5 << 20) });
  assert.equal(status, 413);
  await alive();
});

test('a body of bad lines is quoted up to a limit', async () => {
  const { status, text } = await call(engine, write, 'bad line of some length\n'.repeat(600_000));
  assert.equal(status, 400);
  assert.ok(text.length < 4 << 20, String(text.length));
  assert.ok(text.endsWith('the lines after these were not read"}'), text.slice(-200));
  const endless = await call(engine, write, 'x'.repeat(20 << 20));
  assert.equal(endless.status, 400);
  assert.match(endless.text, /unable to parse a line of 20971520 bytes: missing fields/);
  await alive();
});

test('JSON of any shape is refused in words', async () => {
  const routes = ['buckets', 'orgs', 'tasks', 'authorizations', 'labels', 'users'];
  const bodies = [
    'null',
    '[]',
    '7',
    '"x"',
    '{"name":7,"flux":7,"orgID":7,"permissions":7}',
    '{',
    '',
  ];
  for (const route of routes) {
    for (const body of bodies) {
      const { status, json } = await call(engine, `POST /api/v2/${route}`, body);
      assert.ok(status >= 400 && status < 500, `${route} ${body} ${status}`);
      assert.equal(typeof (json as { message: string }).message, 'string');
    }
  }
  for (const body of bodies) {
    for (const route of ['query?org=tidemark', 'delete?org=tidemark&bucket=tidemark']) {
      assert.equal(
        (await call(engine, `POST /api/v2/${route}`, body)).status,
        400,
        `${route} ${body}`,
      );
    }
  }
});

test('odd paths and methods are answered', async () => {
  const cases: [string, number][] = [
    ['GET /api/v2/%zz', 404],
    ['GET //////', 404],
    ['GET /api/v2/buckets/..%2f..%2fetc', 400],
    ['GET /api/v2/buckets/0000000000000000', 400],
    ['GET /api/v2/buckets/zzzzzzzzzzzzzzzz', 400],
    ['GET /api/v2/tasks/__proto__', 400],
    ['GET /__proto__', 404],
    ['GET /api/v2/scripts', 404],
    ['PUT /api/v2/write', 405],
    ['DELETE /health', 405],
    [`GET /api/v2/buckets?name=${'x'.repeat(5000)}`, 404],
    ['GET /api/v2/buckets?limit=-1', 400],
    ['GET /api/v2/buckets?limit=x&offset=y', 400],
    ['GET /api/v2/tasks?limit=0', 400],
  ];
  for (const [route, status] of cases)
    assert.equal((await call(engine, route)).status, status, route);
});

test('bytes that are no HTTP get a 400 and nothing else', async () => {
  const { hostname, port } = new URL(engine.url);
  const socket = connect(Number(port), hostname);
  socket.write(Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0xff, 0xfe, 13, 10, 13, 10]));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 400/);
  socket.destroy();
  await alive();
});

test('a sender that leaves in the middle stores nothing', async () => {
  const { hostname, port } = new URL(engine.url);
  const socket = connect(Number(port), hostname);
  const path = '/api/v2/write?org=tidemark&bucket=tidemark';
  const token = `Authorization: Token ${engine.token}`;
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n${token}\r\n`;
  socket.write(`${head}Content-Length: 1000\r\n\r\nhalf v=1 1\nhalf v=2 2\n`);
  await delay(50);
  socket.destroy();
  await alive();
  const found = await rows(engine, 'from(bucket: "tidemark") |> range(start: 0)');
  assert.ok(found.every((row) => row._measurement !== 'half'));
});

test('a token is needed for everything but health, setup and ping', async () => {
  const open = ['GET /health', 'GET /ready', 'GET /ping', 'GET /api/v2/setup'];
  const closed = [
    'GET /api/v2',
    'GET /api/v2/me',
    'GET /api/v2/buckets',
    'GET /api/v2/orgs',
    'GET /api/v2/users',
    'GET /api/v2/tasks',
    'GET /api/v2/labels',
    'GET /api/v2/authorizations',
    'POST /api/v2/query?org=tidemark',
    'POST /api/v2/query/analyze',
    'POST /api/v2/delete?org=tidemark&bucket=tidemark',
    'POST /api/v2/write?org=tidemark&bucket=tidemark',
    'POST /api/v2/buckets',
    'POST /api/v2/tasks',
    'POST /api/v2/signout',
  ];
  const stranger = { ...engine, token: 'x' };
  for (const route of open) assert.ok((await call(stranger, route)).status < 300, route);
  for (const route of closed) {
    const body = route.startsWith('POST') ? '{"query":"x"}' : undefined;
    assert.equal((await call(stranger, route, body)).status, 401, route);
  }
});

/** Enough rows for an answer of many megabytes. */
async function fill(): Promise<void> {
  for (let part = 0; part < 5; part++) {
    const lines = Array.from(
      { length: 60_000 },
      (_, i) => `big,x=${i % 50} v=${i} ${part * 60_000 + i}`,
    );
    assert.equal((await call(engine, write, lines.join('\n'))).status, 204);
  }
}

const everything =
  'from(bucket: "tidemark") |> range(start: 0) |> filter(fn: (r) => r._measurement == "big")';

function openQuery(script: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      Authorization: `Token ${engine.token}`,
      'Content-Type': 'application/vnd.flux',
    };
    const sent = httpRequest(`${engine.url}/api/v2/query?org=tidemark`, {
      method: 'POST',
      headers,
    });
    sent.once('response', resolve).once('error', reject);
    sent.end(script);
  });
}

test('a reader that does not read holds up nobody, and grows nothing', async () => {
  await fill();
  const answer = await openQuery(everything);
  answer.pause();
  await delay(300);
  await alive();
  const counted = await rows(engine, `${everything} |> group() |> count()`);
  assert.equal(counted[0]?._value, '300000');
  let bytes = 0;
  for await (const piece of answer) bytes += (piece as Buffer).length;
  assert.ok(bytes > 10 << 20, String(bytes));
});

test('a reader that leaves stops the query', async () => {
  const leavers = await Promise.all(
    Array.from({ length: 80 }, () => openQuery(everything).catch(() => undefined)),
  );
  for (const answer of leavers) answer?.destroy();
  // More than may run at once have come and gone: were one still running, this would fail.
  await eventually(async () => {
    const script = `${everything} |> limit(n: 1) |> count()`;
    // All are waited for: those of a round that failed must not crowd out the next round's.
    const answers = await Promise.allSettled(
      Array.from({ length: 60 }, () => rows(engine, script)),
    );
    assert.deepEqual(
      answers.filter(({ status }) => status === 'rejected'),
      [],
    );
  });
});

test('an answer is packed for who asks', async () => {
  const headers = {
    Authorization: `Token ${engine.token}`,
    'Content-Type': 'application/vnd.flux',
    'Accept-Encoding': 'gzip',
  };
  const response = await fetch(`${engine.url}/api/v2/query?org=tidemark`, {
    method: 'POST',
    headers,
    body: everything,
  });
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  assert.equal(response.headers.get('vary'), 'Accept-Encoding');
  assert.ok((await response.text()).split('\r\n').length > 300_000);
});

test('a connection that says nothing is closed', { timeout: 60_000 }, async () => {
  const { hostname, port } = new URL(engine.url);
  const socket = connect(Number(port), hostname);
  socket.write('GET /health HTTP/1.1\r\n');
  const [data] = (await once(socket, 'data')) as [Buffer];
  assert.match(data.toString(), /408/);
  socket.destroy();
});

test('health needs nothing', async () => {
  const [response] = (await once(get(`${engine.url}/health`), 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  response.resume();
});
