import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { call, type Engine, forEachEngine, rows } from '../helpers/engines.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z') / 1000;
const ALWAYS = { start: '2000-01-01T00:00:00Z', stop: '2100-01-01T00:00:00Z' };

forEachEngine((name, start) => {
  describe(`delete on ${name}`, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });
    after(() => engine.stop());
    beforeEach(async () => {
      const lines = [0, 60, 120].flatMap((seconds) => [
        `m,x=a,y=1 v=${seconds},w=1i ${T0 + seconds}`,
        `m,x=b,y=1 v=${seconds} ${T0 + seconds}`,
        `n,x=a v=${seconds} ${T0 + seconds}`,
      ]);
      const write = 'POST /api/v2/write?org=tidemark&bucket=tidemark&precision=s';
      assert.equal((await call(engine, write, lines.join('\n'))).status, 204);
    });

    const remove = (body: object) =>
      call(engine, 'POST /api/v2/delete?org=tidemark&bucket=tidemark', body);

    /** `measurement/x/field: seconds...` of what is left. */
    async function left(): Promise<string[]> {
      const all = 'from(bucket: "tidemark") |> range(start: 0, stop: 2100-01-01T00:00:00Z)';
      const bySeries = new Map<string, number[]>();
      for (const row of await rows(engine, all)) {
        const key = `${row._measurement}/${row.x}/${row._field}`;
        const seconds = bySeries.get(key) ?? [];
        seconds.push(Date.parse(row._time!) / 1000 - T0);
        bySeries.set(key, seconds);
      }
      return [...bySeries].map(([key, seconds]) => `${key}: ${seconds.join(' ')}`).sort();
    }

    test('without a predicate everything in the range goes', async () => {
      assert.equal((await remove(ALWAYS)).status, 204);
      assert.deepEqual(await left(), []);
    });

    test('by measurement', async () => {
      assert.equal((await remove({ ...ALWAYS, predicate: '_measurement="m"' })).status, 204);
      assert.deepEqual(await left(), ['n/a/v: 0 60 120']);
    });

    test('by tags joined with AND, all fields of the series', async () => {
      const predicate = '_measurement="m" AND x="a" and y="1"';
      assert.equal((await remove({ ...ALWAYS, predicate })).status, 204);
      assert.deepEqual(await left(), ['m/b/v: 0 60 120', 'n/a/v: 0 60 120']);
    });

    test('by one tag over all measurements', async () => {
      assert.equal((await remove({ ...ALWAYS, predicate: 'x="a"' })).status, 204);
      assert.deepEqual(await left(), ['m/b/v: 0 60 120']);
    });

    test('both ends of the time range belong to it', async () => {
      const range = { start: '2026-01-01T00:00:00Z', stop: '2026-01-01T00:01:00Z' };
      assert.equal((await remove({ ...range, predicate: '_measurement="n"' })).status, 204);
      const m = ['m/a/v: 0 60 120', 'm/a/w: 0 60 120', 'm/b/v: 0 60 120'];
      assert.deepEqual(await left(), [...m, 'n/a/v: 120']);
    });

    test('what matches nothing deletes nothing', async () => {
      assert.equal((await remove({ ...ALWAYS, predicate: 'x="zzz"' })).status, 204);
      assert.equal((await left()).length, 4);
    });

    test('a deleted field may come back with another type', async () => {
      await remove({ ...ALWAYS, predicate: '_measurement="n"' });
      const write = 'POST /api/v2/write?org=tidemark&bucket=tidemark&precision=s';
      assert.equal((await call(engine, write, `n,x=a v="text" ${T0}`)).status, 204);
      await remove({ ...ALWAYS, predicate: '_measurement="n"' });
    });

    test('what is not supported is said', async () => {
      const cases: [object, number, string][] = [
        [{ ...ALWAYS, predicate: '_field="v"' }, 501, 'delete by field is not supported'],
        [
          { ...ALWAYS, predicate: 'a="1" OR b="2"' },
          400,
          'error decoding json body: the logical operator OR is not supported yet at position 6',
        ],
        [
          { start: 'x', stop: ALWAYS.stop },
          400,
          'error decoding json body: invalid RFC3339Nano for field start, please format your ' +
            'time with RFC3339Nano format, example: 2009-01-02T23:00:00Z',
        ],
      ];
      for (const [body, status, message] of cases) {
        const answer = await remove(body);
        const seen = (answer.json as { message: string }).message;
        assert.deepEqual([answer.status, seen], [status, message]);
      }
    });

    test('by a tag that is not equal, where there is one', async () => {
      const write = 'POST /api/v2/write?org=tidemark&bucket=tidemark&precision=s';
      await call(engine, write, `n v=1 ${T0}`);
      assert.equal((await remove({ ...ALWAYS, predicate: 'x!="a"' })).status, 204);
      assert.deepEqual(await left(), [
        'm/a/v: 0 60 120',
        'm/a/w: 0 60 120',
        'n/a/v: 0 60 120',
        'n/undefined/v: 0',
      ]);
      await remove({ ...ALWAYS, predicate: '_measurement="n"' });
    });

    test('half predicates are refused', async () => {
      for (const predicate of ['x=~"a"', 'x=', '="a"', '(x="a"', "x='a'", 'x']) {
        assert.equal((await remove({ ...ALWAYS, predicate })).status, 400, predicate);
      }
      assert.equal((await left()).length, 4);
    });

    test('a missing bucket is a 404', async () => {
      const path = 'POST /api/v2/delete?org=tidemark&bucket=zz';
      const { status, json } = await call(engine, path, ALWAYS);
      assert.deepEqual(
        [status, (json as { message: string }).message],
        [404, 'bucket "zz" not found'],
      );
    });
  });
});
