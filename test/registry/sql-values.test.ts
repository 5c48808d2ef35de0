import assert from 'node:assert/strict';
import { it } from 'node:test';
import { jsonOf, msColumn, NOW_MS, timeOf } from '../../registry/sql-values.ts';
import { forEachDatabase } from '../helpers/registry.ts';

it('leaves sound JSON as it is', () => {
  const value = { text: 'ü 😀 \n', list: [1.5, null, true], 'a key': {} };
  assert.equal(jsonOf(value), JSON.stringify(value));
});

forEachDatabase(({ fresh }) => {
  it('PostgreSQL takes any text of a page in JSON', async () => {
    const database = await fresh({ migrated: false });
    const value = jsonOf({ page: 'a\0b \ud83d c', whole: '😀' });
    const [row] = await database.query('select $1::jsonb as value', [value]);
    assert.deepEqual(row?.value, { page: 'a\ufffdb \ufffd c', whole: '😀' });
  });

  it('a time comes out as the milliseconds that went in', async () => {
    const database = await fresh({ migrated: false });
    const [row] = await database.query(
      `select ${msColumn('at', 'atMs')} from (select ${timeOf('$1')} as at) as t`,
      [1_666_666_666_123],
    );
    assert.equal(row?.atMs, 1_666_666_666_123);
  });

  it('the clock is in whole milliseconds', async () => {
    const database = await fresh({ migrated: false });
    const [row] = await database.query(`select ${NOW_MS} as now, ${msColumn('now()', 'atMs')}`);
    const [now, atMs] = [Number(row?.now), Number(row?.atMs)];
    assert.ok(Number.isInteger(now));
    assert.ok(now >= Math.floor(atMs) && now - atMs < 60_000, `${now} ${atMs}`);
  });
});
