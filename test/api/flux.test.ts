import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Influx } from '../../api/contract.ts';
import { cursorIn } from '../../api/flux/cursor.ts';
import { fluxCompleteAnswer } from '../../api/flux/schemas.ts';
import { TidemarkError } from '../../core/errors.ts';
import { errorOf, gate, startApi, type TestApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { eventually } from '../helpers/eventually.ts';

const HEAD =
  '#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n' +
  ',result,table,_value\r\n';
const QUERY = 'from(bucket: "b") |> range(start: -1h)';

type Csv = (script: string, signal: AbortSignal) => AsyncIterable<string>;

/** An InfluxDB that answers text. */
function textInflux(csv: Csv): Influx {
  async function* bytes(script: string, signal: AbortSignal) {
    for await (const text of csv(script, signal)) yield Buffer.from(text);
  }
  return {
    queryCsv: (script, { signal }) => bytes(script, signal),
    async *queryRows() {},
  };
}

async function withApi(
  csv: Csv,
  use: (api: TestApi, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const api = await startApi({ influx: textInflux(csv), clock });
  try {
    await use(api, clock);
  } finally {
    await api.close();
  }
}

const ask = (api: TestApi, body: unknown, accept = 'application/json', signal?: AbortSignal) =>
  fetch(`${api.url}/flux`, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });

/** Until the signal, which an engine that works on does not notice by itself. */
const ended = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const leave = () => reject(new TidemarkError('cancelled', 'the request was cancelled'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
  });

describe('a script that fails half way', () => {
  const late: Csv = async function* () {
    yield `${HEAD},,0,1\r\n`;
    yield '\r\n,error,reference\r\n,"runtime error @2:3-2:5: no ""such"" thing",\r\n';
  };

  it('says so at the end of each format, with its place', () =>
    withApi(late, async (api) => {
      const body = { query: 'x = 1\n  yy |> z()' };
      const place = { line: 2, column: 3, endLine: 2, endColumn: 5 };
      const errors = [{ message: 'no "such" thing', ...place }];
      const whole = (await (await ask(api, body)).json()) as Record<string, unknown>;
      assert.deepEqual(whole.rows, 1);
      const message = 'the script cannot be run: no "such" thing (line 2, column 3)';
      const error = { code: 'invalid', message, errors };
      assert.deepEqual(whole.error, error);
      const lines = await (await ask(api, body, 'application/x-ndjson')).text();
      assert.deepEqual(JSON.parse(lines.trim().split('\n')[1] ?? ''), { error });
      const csv = await (await ask(api, body, 'text/csv')).text();
      assert.match(
        csv,
        /,,0,1\r\n[\s\S]*,error,reference\r\n,"the script cannot be run: no ""such""/,
      );
    }));

  it('is refused as a whole before the first row', () =>
    withApi(
      async function* () {
        yield ',error,reference\r\n,at once,\r\n';
      },
      async (api) => {
        for (const accept of ['application/json', 'text/csv']) {
          const answer = await ask(api, { query: QUERY }, accept);
          assert.equal(answer.status, 400);
          assert.match((await errorOf(answer)).message, /at once/);
        }
      },
    ));

  it('or that is cut in a row is no whole answer', () =>
    withApi(
      async function* () {
        yield `${HEAD},,0,1\r\n,,0,2`;
      },
      async (api) => {
        const whole = (await (await ask(api, { query: QUERY })).json()) as { error?: object };
        assert.match(JSON.stringify(whole.error), /upstream/);
        const csv = await (await ask(api, { query: QUERY }, 'text/csv')).text();
        assert.match(csv, /,,0,1\r\n\r\n#datatype[\s\S]*in the middle of a row",upstream\r\n$/);
      },
    ));
});

describe('a script that takes long', () => {
  it('is stopped after a minute, and the client is told', () =>
    withApi(
      async function* (_, signal) {
        yield `${HEAD},,0,1\r\n`;
        await ended(signal);
      },
      async (api, clock) => {
        const answer = await ask(api, { query: QUERY }, 'application/x-ndjson');
        const text = answer.text();
        await clock.advance(60_000);
        const { error } = JSON.parse((await text).trim().split('\n')[1] ?? '') as {
          error: { code: string; message: string };
        };
        assert.equal(error.code, 'timeout');
        assert.match(error.message, /longer than 60 s/);
      },
    ));

  it('is cancelled when the client leaves', async () => {
    const [begun, cancelled] = [gate(), gate()];
    await withApi(
      async function* (_, signal) {
        begun.open();
        yield HEAD;
        await ended(signal).finally(cancelled.open);
      },
      async (api) => {
        const leaving = new AbortController();
        const answer = ask(api, { query: QUERY }, 'application/json', leaving.signal);
        await begun.opened;
        leaving.abort();
        await assert.rejects(answer);
        await cancelled.opened;
      },
    );
  });

  it('is one of four at most', async () => {
    const over = gate();
    let running = 0;
    const full = gate();
    await withApi(
      async function* () {
        running += 1;
        if (running === 4) full.open();
        await over.opened;
        yield `${HEAD},,0,1\r\n`;
      },
      async (api) => {
        const four = [1, 2, 3, 4].map(() => ask(api, { query: QUERY }));
        await full.opened;
        const fifth = await ask(api, { query: QUERY });
        assert.equal(fifth.status, 429);
        assert.equal(fifth.headers.get('retry-after'), '1');
        over.open();
        for (const answer of await Promise.all(four)) {
          assert.equal(answer.status, 200);
          await answer.text();
        }
        // A place is free as soon as the server knows that an answer has left.
        await eventually(async () => {
          const answer = await ask(api, { query: QUERY });
          await answer.text();
          assert.equal(answer.status, 200);
        });
      },
    );
  });
});

describe('what is sent to be run', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi({ influx: textInflux(async function* () {}) });
  });
  after(() => api.close());

  for (const [what, body] of Object.entries({
    'no script': {},
    'an empty one': { query: '' },
    'a number': { query: 1 },
    'control characters': { query: 'x = "\u0000"' },
    'too much': { query: 'x'.repeat(262_145) },
    'rows without end': { query: QUERY, rows: 10_000_000 },
    'no rows': { query: QUERY, rows: 0 },
    'another member': { query: QUERY, org: 'other' },
  })) {
    it(`is refused: ${what}`, async () => {
      const answer = await ask(api, body);
      assert.equal(answer.status, 400);
      assert.match((await errorOf(answer)).message, /field/);
    });
  }

  it('wants a format that there is', async () => {
    assert.equal((await ask(api, { query: QUERY }, 'image/png')).status, 406);
  });

  it('is refused from a page of another origin', async () => {
    const answer = await fetch(`${api.url}/flux`, {
      method: 'POST',
      headers: { origin: 'https://elsewhere.example', 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
    });
    assert.equal(answer.status, 403);
  });

  it('is not held up by a script that is nested without end', async () => {
    for (const query of [`x = ${'('.repeat(10_000)}1${')'.repeat(10_000)}`, '('.repeat(1000)]) {
      const answer = await fetch(`${api.url}/flux/check`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      assert.equal(answer.status, 413);
    }
  });
});

describe('what a script could go on with', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi({ influx: textInflux(async function* () {}) });
  });
  after(() => api.close());

  /** The cursor is where `|` stands alone (`¦`). */
  const at = async (text: string) => {
    const before = text.slice(0, text.indexOf('¦')).split('\n');
    const answer = await fetch(`${api.url}/flux/complete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: text.replace('¦', ''),
        line: before.length,
        column: before.at(-1)!.length + 1,
      }),
    });
    return fluxCompleteAnswer.parse(await answer.json());
  };
  const labels = async (text: string) => (await at(text)).items.map(({ label }) => label);

  it('is a function that takes a stream', async () => {
    const { from, items } = await at('from(bucket: "b")\n    |> agg¦\n    |> mean()');
    assert.deepEqual(from, { line: 2, column: 8 });
    assert.equal(items[0]?.label, 'aggregateWindow');
    assert.equal(items[0]?.insert, 'aggregateWindow(');
    assert.match(items[0]?.detail ?? '', /every: duration/);
    assert.ok(!(await labels('x |> ¦')).includes('from'));
  });

  it('is an argument that is not given yet', async () => {
    assert.deepEqual(await labels('x |> range(¦'), ['start', 'stop']);
    assert.deepEqual(await labels('x |> range(start: -1h, ¦)'), ['stop']);
    assert.deepEqual(await labels('import "strings"\nx = strings.split(¦'), ['t', 'v']);
  });

  it('is a package, and what is in it', async () => {
    assert.ok((await labels('import "da¦')).includes('date'));
    assert.deepEqual((await labels('import "math"\nx = math.sq¦')).slice(0, 2), ['sqrt', 'sqrt2']);
    assert.ok((await labels('import m "math"\nx = m.¦')).includes('pi'));
    assert.deepEqual((await labels('import "strings"\nx = stri¦')).slice(0, 1), ['strings']);
  });

  it('is a name of the script', async () => {
    assert.equal((await labels('myPrices = 1\nx = my¦'))[0], 'myPrices');
  });

  it('is a measurement, a field of it, a pair, an exchange, a column', async () => {
    const filter = (rest: string) => `x |> filter(fn: (r) => ${rest}`;
    assert.ok((await labels(filter('r._measurement == "¦'))).includes('pair_rank'));
    const fields = await labels(filter('r._measurement == "scan" and r._field == "¦'));
    assert.ok(fields.includes('total_ms') && !fields.includes('price'));
    assert.deepEqual(await labels(filter('r.pair == "eth¦")')), ['ethbtc']);
    assert.deepEqual((await labels(filter('r["exchange"] == "¦"'))).includes('kraken'), true);
    assert.ok((await labels(filter('r.¦'))).includes('_value'));
    assert.ok((await labels('x |> keep(columns: ["_time", "¦')).includes('exchange'));
  });

  it('is nothing inside a comment, a number or a text of its own', async () => {
    for (const text of ['// fro¦', 'x = 12¦', 'x = "fro¦'])
      assert.deepEqual(await labels(text), []);
  });

  it('is found in time that grows with the text alone', () => {
    const text = 'a = "b" //\n('.repeat(20_000);
    const from = process.cpuUsage();
    cursorIn(text);
    assert.ok(process.cpuUsage(from).user < 5_000_000);
  });
});
