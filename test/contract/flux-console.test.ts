/** The Flux console over the API, on every engine. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { z } from 'zod';
import {
  fluxAnswer,
  fluxCheckAnswer,
  fluxCompleteAnswer,
  fluxExamplesAnswer,
} from '../../api/flux/schemas.ts';
import { errorAnswer } from '../../api/schemas.ts';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { startApi, type TestApi } from '../helpers/api.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { evasions } from '../helpers/flux-evasions.ts';

const START = Date.UTC(2026, 0, 1);
const RANGE = 'range(start: 2026-01-01T00:00:00Z, stop: 2026-01-02T00:00:00Z)';
const ROWS = 1200;
const keys = (['read', 'admin'] as const).map((role) => ({
  ...{ name: role, role, secret: `${role}-secret-of-a-key` },
}));

forEachEngine((name, start) => {
  describe(`the Flux console on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    let api: TestApi;

    before(async () => {
      engine = await start();
      const { url, token, org, bucket } = engine;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      const lines = Array.from({ length: ROWS }, (_, i) => {
        const pair = i % 2 === 0 ? 'btcusd' : 'ethusd';
        return `price,exchange=kraken,pair=${pair} price=${i + 0.5} ${START + i * 1000}000000`;
      });
      const note = `note text="a \\"quoted\\", line",n=9007199254740993i ${START}000000`;
      const answer = await influx.write([...lines, note].join('\n'), {
        gzip: false,
      });
      assert.equal(answer.status, 204, answer.text);
      api = await startApi({ influx, bucket, keys });
    });
    after(async () => {
      await api?.close();
      await influx?.close();
      await engine?.stop();
    });

    const send = (
      path: string,
      body: object,
      { accept = 'application/json', key = 'admin' } = {},
    ) =>
      fetch(`${api.url}${path}`, {
        method: 'POST',
        headers: {
          accept,
          authorization: `Bearer ${key}-secret-of-a-key`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
      });
    const run = async (query: string, rest: object = {}) => {
      const answer = await send('/flux', { query, ...rest });
      assert.equal(answer.status, 200, await answer.clone().text());
      return fluxAnswer.parse(await answer.json());
    };
    const read = async <S extends z.ZodType>(schema: S, path: string, body: object) =>
      schema.parse(await (await send(path, body, { key: 'read' })).json()) as z.output<S>;
    const all = () => `from(bucket: "${engine.bucket}") |> ${RANGE}`;
    const prices = () => `${all()} |> filter(fn: (r) => r._measurement == "price")`;

    it('answers rows with the types of their columns', async () => {
      const { tables, rows, cut } = await run(`${prices()} |> limit(n: 1)`);
      assert.equal(tables.length, 1);
      const { columns, rows: found } = tables[0]!;
      const at = (label: string) => columns.findIndex((column) => column.name === label);
      assert.deepEqual(columns[at('_value')], { name: '_value', type: 'double', group: false });
      assert.equal(columns[at('pair')]?.group, true);
      assert.deepEqual(
        found.map((row) => [row[at('pair')], row[at('_value')]]),
        [
          ['btcusd', 0.5],
          ['ethusd', 1.5],
        ],
      );
      assert.deepEqual([rows, cut], [2, false]);
    });

    it('keeps the digits of numbers, and quotes, and what is empty', async () => {
      const text = await (
        await send('/flux', { query: `${all()} |> filter(fn: (r) => r._measurement == "note")` })
      ).text();
      assert.match(text, /9007199254740993/);
      assert.match(text, /"a \\"quoted\\", line"/);
      const { tables, rows } = await run(`${prices()} |> filter(fn: (r) => r.pair == "none")`);
      assert.deepEqual([tables, rows], [[], 0]);
    });

    it('says in each format that it was cut, and is whole up to there', async () => {
      const wanted = { query: `${prices()} |> group() |> sort(columns: ["_time"])`, rows: 700 };
      const { tables, rows, cut } = await run(wanted.query, { rows: 700 });
      assert.deepEqual([tables[0]?.rows.length, rows, cut], [700, 700, true]);
      const exact = await run(wanted.query, { rows: ROWS });
      assert.deepEqual([exact.rows, exact.cut], [ROWS, false]);
      const lines = (await (await send('/flux', wanted, { accept: 'application/x-ndjson' })).text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { rows?: unknown[]; end?: object });
      assert.equal(
        lines.reduce((sum, { rows: some = [] }) => sum + some.length, 0),
        700,
      );
      assert.deepEqual(lines.at(-1), { end: { rows: 700, cut: true } });
      const csv = await (await send('/flux', wanted, { accept: 'text/csv' })).text();
      assert.equal(csv.split('\r\n').filter((line) => line.startsWith(',,')).length, 700);
      assert.match(csv, /,error,reference\r\n,"cut after 700 rows: there are more",cut\r\n$/);
    });

    it('passes CSV on as the engine writes it', async () => {
      const query = `${prices()} |> limit(n: 3)`;
      const csv = await (await send('/flux', { query }, { accept: 'text/csv' })).text();
      let straight = '';
      const signal = new AbortController().signal;
      for await (const chunk of influx.queryCsv(query, { signal })) straight += Buffer.from(chunk);
      assert.equal(csv, straight);
    });

    it('says what is wrong with a script and where', async () => {
      const answer = await send('/flux', { query: `x = "é" ${all()} |> rang()` });
      const { error } = errorAnswer.parse(await answer.json());
      assert.equal(answer.status, 400);
      assert.match(error.message, /undefined identifier rang/);
      const { errors } = error.details as { errors: { line: number; column: number }[] };
      assert.equal(errors[0]?.line, 1);
      assert.equal(errors[0]?.column, `x = "é" ${all()} |> `.length + 1);
      const missing = await send('/flux', { query: 'from(bucket: "none") |> range(start: -1h)' });
      assert.equal(missing.status, 400);
      assert.match(await missing.text(), /could not find bucket/);
    });

    it('checks a script without running it', async () => {
      const wrong = await read(fluxCheckAnswer, '/flux/check', { query: 'x = \n"a" + 1' });
      assert.deepEqual([wrong.errors[0]?.line, wrong.needs], [2, 'read']);
      const writing = { query: `${prices()} |> to(bucket: "x")` };
      const { errors, readOnly, needs, refusals } = await read(
        fluxCheckAnswer,
        '/flux/check',
        writing,
      );
      assert.deepEqual([errors, readOnly, needs], [[], false, 'admin']);
      assert.equal(refusals[0]?.column, writing.query.indexOf('to(') + 1);
    });

    it('runs what only reads for a key that reads, and every example', async () => {
      const answer = await fetch(`${api.url}/flux/examples`, {
        headers: { authorization: 'Bearer read-secret-of-a-key' },
      });
      const { items } = fluxExamplesAnswer.parse(await answer.json());
      assert.ok(items.length >= 15);
      for (const { name: example, about, query } of items) {
        assert.ok(about.length > 10, example);
        const { status } = await send('/flux', { query }, { key: 'read' });
        assert.equal(status, 200, example);
      }
    });

    it('lets a key that reads neither write nor leave', async () => {
      const before = await run(all());
      for (const [way, query] of Object.entries(evasions(engine.bucket))) {
        const answer = await send('/flux', { query }, { key: 'read' });
        const { error } = errorAnswer.parse(await answer.json());
        assert.ok(answer.status === 403 || answer.status === 400, `${way}: ${answer.status}`);
        const { errors } = error.details as { errors: { message: string }[] };
        assert.ok(errors.length > 0, way);
      }
      assert.deepEqual(await run(all()), before);
      const now = await run(`from(bucket: "${engine.bucket}") |> range(start: -1h)`);
      assert.equal(now.rows, 0);
    });

    it('writes for an admin', async () => {
      const rows = '[{_time: 2026-01-03T00:00:00Z, _measurement: "m", _field: "f", _value: 1.0}]';
      await run(`import "array"\narray.from(rows: ${rows}) |> to(bucket: "${engine.bucket}")`);
      const { rows: found } = await run(
        `from(bucket: "${engine.bucket}") |> range(start: 2026-01-03T00:00:00Z)`,
      );
      assert.equal(found, 1);
    });

    it('completes the names of buckets', async () => {
      const query = 'from(bucket: "tide';
      const asked = { query, line: 1, column: query.length + 1 };
      const { from, items } = await read(fluxCompleteAnswer, '/flux/complete', asked);
      assert.deepEqual(from, { line: 1, column: 15 });
      assert.deepEqual(items[0], {
        ...{ label: engine.bucket, kind: 'bucket', detail: '', insert: engine.bucket },
      });
    });
  });
});
