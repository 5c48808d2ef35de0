import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { type ErrorCode, isCode, TidemarkError } from '../../../core/errors.ts';
import { createInflux, type Influx } from '../../../core/influx/influx.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function withServer(handle: Handler, use: (influx: Influx) => Promise<void>): Promise<void> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const influx = open(url);
  try {
    await use(influx);
  } finally {
    await influx.close();
    server.closeAllConnections();
    server.close();
  }
}

function open(url: string): Influx {
  const account = { token: 't', org: 'my org', bucket: 'b' };
  return createInflux({ url, ...account, timeoutMs: 2_000, clock: systemClock });
}

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

async function all(influx: Influx): Promise<string[][]> {
  const rows: string[][] = [];
  for await (const batch of influx.queryRows('x')) rows.push(...batch.rows.map((row) => [...row]));
  return rows;
}

const failure = (work: Promise<unknown>): Promise<TidemarkError> =>
  work.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => {
      assert.ok(error instanceof TidemarkError, String(error));
      return error;
    },
  );

const HEAD =
  '#datatype,string,long,dateTime:RFC3339,double,string\r\n#group,false,false,false,false,true\r\n' +
  '#default,_result,,,,\r\n,result,table,_time,_value,exchange\r\n';
const ROW = ',,0,2022-10-11T03:35:02.358Z,20966.789,bisq\r\n';

test('the query, its dialect and its account are sent as InfluxDB wants them', async () => {
  let seen: unknown;
  await withServer(
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { url, method, headers } = request;
      seen = {
        url,
        method,
        auth: headers.authorization,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      };
      response.end('\r\n');
    },
    async (influx) => assert.deepEqual(await all(influx), []),
  );
  const annotations = ['datatype', 'group', 'default'];
  assert.deepEqual(seen, {
    url: '/api/v2/query?org=my%20org',
    method: 'POST',
    auth: 'Token t',
    body: { query: 'x', type: 'flux', dialect: { header: true, delimiter: ',', annotations } },
  });
});

test('rows come typed by the shape that was asked for', () =>
  withServer(answer(200, HEAD + ROW), async (influx) => {
    const shape = {
      result: 'string',
      table: 'long',
      _time: 'time',
      _value: 'double',
      exchange: 'text',
      pair: 'string?',
    } as const;
    assert.deepEqual(await influx.collect('x', shape), [
      {
        result: '_result',
        table: 0,
        _time: '2022-10-11T03:35:02.358Z',
        _value: 20966.789,
        exchange: 'bisq',
        pair: null,
      },
    ]);
  }));

for (const [name, shape] of [
  ['a missing column', { pair: 'string' }],
  ['a column of another type', { _value: 'long' }],
] as const) {
  test(`${name} is the server's fault, not a value`, () =>
    withServer(answer(200, HEAD + ROW), async (influx) => {
      assert.equal((await failure(influx.collect('x', shape))).code, 'upstream');
    }));
}

for (const [name, table] of [
  [
    'with annotations',
    '#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,"it ""broke"", late",897\r\n',
  ],
  ['without annotations', 'error,reference\r\n"it ""broke"", late",897\r\n'],
] as const) {
  test(`an error table inside a 200, ${name}, is thrown`, () =>
    withServer(answer(200, `${HEAD}${ROW}\r\n${table}`), async (influx) => {
      const error = await failure(all(influx));
      assert.equal(error.code, 'invalid');
      assert.match(error.message, /it "broke", late/);
    }));
}

test('an overload inside a 200 is told as such', () =>
  withServer(
    answer(200, `error,reference\r\nmemory allocation limit reached,\r\n`),
    async (influx) => {
      assert.equal((await failure(all(influx))).code, 'unavailable');
    },
  ));

test('an answer that is cut in the middle is an error, also at the end of a row', async () => {
  for (const half of [HEAD + ROW, HEAD + ROW.slice(0, 20)]) {
    await withServer(
      (_, response) => {
        response.write(half);
        setImmediate(() => response.destroy());
      },
      async (influx) => assert.equal((await failure(all(influx))).code, 'upstream'),
    );
  }
});

test('an answer that ends well but in the middle of a row is an error', () =>
  withServer(answer(200, HEAD + ROW.slice(0, 20)), async (influx) => {
    assert.equal((await failure(all(influx))).code, 'upstream');
  }));

const table: readonly [number, string, ErrorCode, RegExp][] = [
  [400, 'queue length exceeded', 'unavailable', /queue/],
  [400, 'memory allocation limit reached: limit 6 bytes', 'unavailable', /memory/],
  [400, 'error @1:1-1:2: undefined identifier x', 'invalid', /undefined identifier x/],
  [401, 'unauthorized access', 'unauthorized', /INFLUX_TOKEN/],
  [403, 'no', 'forbidden', /permission/],
  [
    404,
    'failed to initialize execute state: could not find bucket "b"',
    'not-found',
    /INFLUX_BUCKET/,
  ],
  [429, 'slow down', 'unavailable', /slow down/],
  [500, 'panic', 'upstream', /panic/],
  [502, '<html>bad gateway</html>', 'unavailable', /bad gateway/],
  [503, 'busy', 'unavailable', /busy/],
  [302, 'elsewhere', 'upstream', /elsewhere/],
];

for (const [status, message, code, words] of table) {
  test(`a query answered ${status} ${message.slice(0, 30)} is ${code}`, () => {
    const body = message.startsWith('<') ? message : JSON.stringify({ code: 'x', message });
    return withServer(answer(status, body, { 'retry-after': '3' }), async (influx) => {
      const error = await failure(all(influx));
      assert.equal(error.code, code);
      assert.match(error.message, words);
      assert.equal(error.retryAfterMs, 3_000);
    });
  });
}

test('a server that is away is unavailable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const influx = open(`http://127.0.0.1:${port}`);
  assert.ok(isCode(await failure(all(influx)), 'unavailable'));
  assert.ok(isCode(await failure(influx.ping()), 'unavailable'));
  await influx.close();
});

test('leaving a query closes its connection, by signal and by break', async () => {
  for (const how of ['signal', 'break'] as const) {
    let closed: Promise<unknown> | undefined;
    await withServer(
      (_, response) => {
        closed = once(response, 'close');
        response.write(HEAD + ROW);
      },
      async (influx) => {
        const leaving = new AbortController();
        const reading = (async () => {
          for await (const _ of influx.queryRows('x', { signal: leaving.signal })) {
            if (how === 'break') break;
            leaving.abort();
          }
        })();
        if (how === 'signal') assert.equal((await failure(reading)).code, 'cancelled');
        else await reading;
        await closed;
      },
    );
  }
});

test('a reader that pauses stops the server from sending', async () => {
  let sent = 0;
  const chunk = ROW.repeat(2_000);
  await withServer(
    (_, response) => {
      response.write(HEAD);
      const send = () => {
        while (sent < 200e6) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', send);
        }
        response.end();
      };
      send();
    },
    async (influx) => {
      const rows = influx.queryRows('x');
      await rows.next();
      let before = -1;
      // Until the buffers between are full and nothing moves any more.
      while (before !== sent) {
        before = sent;
        await systemClock.sleep(100);
      }
      assert.ok(sent < 30e6, `${sent} bytes sent to a reader that has read nothing`);
      await rows.return();
    },
  );
});

test('a write gives the answer whatever its status', () =>
  withServer(answer(422, 'partial', { 'x-a': 'b' }), async (influx) => {
    const { status, text, headers } = await influx.write('m v=1 1', { gzip: false });
    assert.deepEqual([status, text, headers['x-a']], [422, 'partial', 'b']);
  }));
