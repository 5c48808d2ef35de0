import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { call, type Engine, forEachEngine, orgIdOf, rows } from '../helpers/engines.ts';

const T0 = 1_700_000_000;

/** What one measurement holds: field, time in seconds and value of every point. */
async function stored(engine: Engine, measurement: string): Promise<string[]> {
  const script = `from(bucket: "${engine.bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)
    |> filter(fn: (r) => r._measurement == "${measurement}") |> toString()`;
  const found = await rows(engine, script);
  return found.map((row) => `${row._field} ${Date.parse(row._time!) / 1000} ${row._value}`).sort();
}

forEachEngine((name, start) => {
  describe(`write to ${name}`, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });
    after(() => engine.stop());

    const write = (body: string | Uint8Array, options = 'precision=s', headers = {}) =>
      call(engine, `POST /api/v2/write?org=tidemark&bucket=tidemark&${options}`, body, headers);

    test('points of every type can be read back', async () => {
      const fields = 'f=1.5,i=-7i,u=18446744073709551615u,s="a \\"b\\" \\\\",b=t';
      assert.equal((await write(`types,x=y ${fields} ${T0}`)).status, 204);
      assert.deepEqual(await stored(engine, 'types'), [
        `b ${T0} true`,
        `f ${T0} 1.5`,
        `i ${T0} -7`,
        `s ${T0} "a ""b"" \\"`,
        `u ${T0} 18446744073709551615`,
      ]);
    });

    test('every precision means the same instant', async () => {
      const units: [string, string][] = [
        ['s', ''],
        ['ms', '000'],
        ['us', '000000'],
        ['ns', '000000000'],
      ];
      for (const [precision, zeros] of units) {
        const answer = await write(`unit ${precision}=1 ${T0}${zeros}`, `precision=${precision}`);
        assert.equal(answer.status, 204);
      }
      const found = await stored(engine, 'unit');
      assert.deepEqual(
        found,
        ['ms', 'ns', 's', 'us'].map((unit) => `${unit} ${T0} 1`),
      );
    });

    test('an unknown precision is refused', async () => {
      const { status, code, json } = await write('m v=1', 'precision=h');
      const message = 'invalid precision; valid precision units are ns, us, ms, and s';
      assert.deepEqual([status, code, json], [400, 'invalid', { code: 'invalid', message }]);
    });

    test('gzip is understood', async () => {
      const body = gzipSync(`packed v=1 ${T0}`);
      assert.equal((await write(body, 'precision=s', { 'Content-Encoding': 'gzip' })).status, 204);
      assert.deepEqual(await stored(engine, 'packed'), [`v ${T0} 1`]);
    });

    test('broken gzip stores nothing', async () => {
      const { status } = await write('no v=1', 'precision=s', { 'Content-Encoding': 'gzip' });
      assert.equal(status, 500);
    });

    test('a text may hold a mebibyte, in a new series and in a known one', async () => {
      for (const time of [T0, T0 + 1]) {
        const longest = await write(`text v="${'x'.repeat(1 << 20)}" ${time}`);
        assert.equal(longest.status, 204);
        const { status, json } = await write(`text v="${'x'.repeat((1 << 20) + 1)}" ${time}`);
        assert.equal(status, 422);
        assert.match((json as { message: string }).message, /is too long, 1048577 > 1048576/);
      }
    });

    test('nothing to write is fine', async () => {
      for (const body of ['', '\n\n', '# a comment\n', '   \n']) {
        assert.equal((await write(body)).status, 204);
      }
    });

    test('the last write of a series and time wins, also inside one batch', async () => {
      await write(`same v=1 ${T0}\nsame v=2 ${T0}\nsame v=3 ${T0 + 60}`);
      assert.deepEqual(await stored(engine, 'same'), [`v ${T0} 2`, `v ${T0 + 60} 3`]);
      await write(`same v=4 ${T0 + 60}\nsame v=5 ${T0 - 60}\nsame v=6 ${T0 - 60}`);
      const expected = [`v ${T0 - 60} 6`, `v ${T0} 2`, `v ${T0 + 60} 4`];
      assert.deepEqual(await stored(engine, 'same'), expected);
    });

    test('tags in another order are the same series', async () => {
      await write(`order,a=1,b=2 v=1 ${T0}\norder,b=2,a=1 v=2 ${T0}`);
      assert.deepEqual(await stored(engine, 'order'), [`v ${T0} 2`]);
    });

    test('one bad line refuses the batch and every bad line is named', async () => {
      const { status, json } = await write(`whole v=1 ${T0}\nbad line\nwhole v=\nwhole v=2 ${T0}`);
      const message =
        "unable to parse 'bad line': invalid field format\n" +
        "unable to parse 'whole v=': missing field value";
      assert.deepEqual([status, json], [400, { code: 'invalid', message }]);
      assert.deepEqual(await stored(engine, 'whole'), []);
    });

    test('a field keeps its first type; other points of the batch are stored', async () => {
      assert.equal((await write(`typed v=1i ${T0}`)).status, 204);
      const { status, code, json } = await write(`typed v=1.5 ${T0}\ntyped w=2 ${T0}`);
      const conflict =
        'partial write: field type conflict: input field "v" on measurement "typed" ' +
        'is type float, already exists as type integer dropped=1';
      const message = `failure writing points to database: ${conflict}`;
      assert.deepEqual([status, code], [422, 'unprocessable entity']);
      assert.deepEqual(json, { code: 'unprocessable entity', message });
      assert.deepEqual(await stored(engine, 'typed'), [`v ${T0} 1`, `w ${T0} 2`]);
    });

    test('points outside retention are dropped, the others stored', async () => {
      const orgID = await orgIdOf(engine);
      const retentionRules = [{ type: 'expire', everySeconds: 7200 }];
      await call(engine, 'POST /api/v2/buckets', { name: 'short', orgID, retentionRules });
      const now = Math.floor(Date.now() / 1000);
      const path = 'POST /api/v2/write?org=tidemark&bucket=short&precision=s';
      const { status, text } = await call(engine, path, `m v=1 ${now - 9000}\nm v=2 ${now}`);
      assert.equal(status, 422);
      assert.match(
        text,
        /partial write: dropped 1 points outside retention policy of duration 2h0m0s/,
      );
      assert.match(text, /oldest point m at .* dropped because it violates a Retention Policy/);
      assert.match(text, / dropped=1 for database: [0-9a-f]{16} for retention policy: autogen/);
      const found = await call(engine, path.replace('write', 'query'), 'x = 1');
      assert.equal(found.status, 400);
      const kept = 'from(bucket: "short") |> range(start: -3h) |> count()';
      assert.equal((await rows(engine, kept))[0]?._value, '1');
    });

    test('names and values with escapes come back as they were', async () => {
      const line = 'my\\ m\\,x,ta\\=g\\ k=va\\,l\\ \\=x fie\\ ld\\,\\=a="str \\"q\\" \\\\ back" 1';
      assert.equal((await write(line)).status, 204);
      const script = `from(bucket: "tidemark") |> range(start: 0)
        |> filter(fn: (r) => r["ta=g k"] == "va,l =x")
        |> map(fn: (r) => ({_value: r._measurement + "|" + r._field + "|" + r._value}))`;
      const path = 'POST /api/v2/query?org=tidemark';
      const { text } = await call(engine, path, { query: script });
      assert.match(text, /,"my m,x\|fie ld,=a\|str ""q"" \\ back"\r\n/);
    });

    test('a newline inside a string does not end the line', async () => {
      assert.equal((await write(`multi s="a\nb",v=1 ${T0}`)).status, 204);
    });

    test('organization and bucket must exist, by name or by id', async () => {
      const cases: [string, number, string][] = [
        ['bucket=tidemark', 400, 'Please provide either orgID or org'],
        ['org=zzz&bucket=tidemark', 404, 'organization name "zzz" not found'],
        ['org=tidemark', 404, 'bucket not found'],
        ['org=tidemark&bucket=zzz', 404, 'bucket "zzz" not found'],
      ];
      for (const [query, status, message] of cases) {
        const answer = await call(engine, `POST /api/v2/write?${query}`, 'm v=1');
        assert.deepEqual(
          [answer.status, (answer.json as { message: string }).message],
          [status, message],
        );
      }
    });

    test('no token, no write', async () => {
      const path = 'POST /api/v2/write?org=tidemark&bucket=tidemark';
      const { status, json } = await call({ ...engine, token: 'wrong' }, path, 'm v=1');
      const message = 'unauthorized access';
      assert.deepEqual([status, json], [401, { code: 'unauthorized', message }]);
    });

    test('series appear in order of measurement, tags and field', async () => {
      await write(`ord,b=1 v=1 ${T0}\nord v=1 ${T0}\nord,a=2 z=1,v=1 ${T0}\nord,a=2,b=1 v=1 ${T0}`);
      const script =
        'from(bucket: "tidemark") |> range(start: 0) |> filter(fn: (r) => r._measurement == "ord")';
      const found = await rows(engine, script);
      const keys = found.map(({ a = '', b = '', _field = '' }) => `${a}|${b}|${_field}`);
      assert.deepEqual(keys, ['||v', '2||v', '2||z', '2|1|v', '|1|v']);
    });
  });
});
