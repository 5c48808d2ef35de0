import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Precision } from '../../../embedded/lines/parse.ts';
import { Collector, parseOne } from './collect.ts';

describe('the hot path and the slow one read the same', () => {
  const lines = [
    'm v=1 1000',
    'm v=-0 1',
    'm v=0.1',
    'm v=.5 7',
    'm v=5. 7',
    'm v=-12.000000000000001 7',
    'm v=123456789012345 1',
    'm v=1234567890123456 1',
    'm v=0.30000000000000004 1',
    'm v=100000000000000000000000 1',
    'm v=123456789.12345678 1700000000123456789',
    'm,t=a,u=b v=1,w=2i,x=3u,y="s",z=t 1700000000123456789',
    'm,t=a,u=b v=-1,w=-2i,x=0u,y="",z=F 9223372036854775806',
    'm v=true,w=false,x=T,y=f',
    'm v=999999999999999i,w=-999999999999999i 1',
    'm v=9223372036854775807i,w=-9223372036854775808i 1',
    'm v=18446744073709551615u 1',
    'm v="a b,c=d",w="é€😀" 5',
    'm v="two\nlines",w=1 5',
    'm,t=é v=1 5',
    'm v=1 999999999',
    'm v=1 1000000000',
    'm v=1 4294967296',
    'm v=1 9223372035999999999',
  ];
  for (const line of lines) {
    test(JSON.stringify(line), async () => {
      const collector = new Collector();
      const first = await collector.read(line, { nowNs: 42n });
      const second = await collector.read(`${line}\n${line}\n`, { nowNs: 42n });
      assert.equal(first.slowLines, 1);
      assert.deepEqual(second.rows, [...first.rows, ...first.rows]);
    });
  }

  test('known series with plain values never take the slow way', async () => {
    const collector = new Collector();
    const body = (time: number) =>
      Array.from({ length: 500 }, (_, i) => `m,x=${i} v=${i}.5,w=${i}i,s="t",b=t ${time}`).join(
        '\n',
      );
    assert.equal((await collector.read(body(1))).slowLines, 500);
    assert.equal((await collector.read(body(2))).slowLines, 0);
    const shuffled = body(3).split('\n').reverse().join('\n');
    assert.equal((await collector.read(shuffled)).slowLines, 0);
    const swapped = await collector.read('m,x=7 b=f,s="u",w=1i,v=2 9\nm,x=3 w=5i 9');
    assert.equal(swapped.slowLines, 0);
    assert.deepEqual(swapped.rows, [
      'm,x=7 b bool false 9',
      'm,x=7 s string "u" 9',
      'm,x=7 w long 1 9',
      'm,x=7 v double 2 9',
      'm,x=3 w long 5 9',
    ]);
  });

  test('what only looks like a known series is left to the slow way', async () => {
    const collector = new Collector();
    await collector.read('m,x=a v=1,w=1i,s="t",b=t 1');
    const cases: [string, RegExp][] = [
      ['m,x=a v=1e5x 1', /invalid number/],
      ['m,x=a v=1.2.3 1', /invalid number/],
      ['m,x=a v= 1', /missing field value/],
      ['m,x=a v=1 12x', /bad timestamp/],
      ['m,x=a v=1 12 x', /point is invalid/],
      ['m,x=a v=1,', /invalid field format/],
      ['m,x=a w=-i 1', /invalid number/],
      ['m,x=a w=99999999999999999999i 1', /unable to parse integer 99999999999999999999/],
      ['m,x=a s="open 1', /unbalanced quotes/],
      ['m,x=a b=tr 1', /invalid boolean/],
      ['m,x=a b=tRUE 1', /invalid boolean/],
      ['m,x=a v=1 9223372036854775807', /time outside range/],
      ['m,x=a v=- 1', /invalid number/],
    ];
    for (const [line, reason] of cases) await assert.rejects(collector.read(line), reason, line);
  });

  test('scientific numbers and spaces in odd places are read', async () => {
    const collector = new Collector();
    await collector.read('m,x=a v=1 1');
    const odd = '  m,x=a  v=1.5e3   7  \nm,x=a v=2E-1 8\n\tm,x=a v=3 -9\r'.slice(0, -1);
    assert.deepEqual((await collector.read(odd)).rows, [
      'm,x=a v double 1500 7',
      'm,x=a v double 0.2 8',
      'm,x=a v double 3 -9',
    ]);
  });

  test('another type than before is refused in both ways, with the first one named', async () => {
    const collector = new Collector();
    await collector.read('m v=1,w=1i 1');
    for (const line of ['m v=1i 2', 'm v="x" 2', 'm v=t 2', 'm v=1u 2', 'm w=1.5 2', 'm w=1u 2']) {
      const { rows, result } = await collector.read(line);
      assert.deepEqual([rows, result.dropped], [[], 1], line);
      assert.match(result.message ?? '', /already exists as type (float|integer) dropped=1$/);
    }
  });
});

test('every precision gives nanoseconds, in both ways', async () => {
  const seconds = 1_700_000_123;
  const cases: [Precision, string, bigint][] = [
    ['s', `${seconds}`, 1_700_000_123_000_000_000n],
    ['ms', `${seconds}456`, 1_700_000_123_456_000_000n],
    ['us', `${seconds}456789`, 1_700_000_123_456_789_000n],
    ['ns', `${seconds}456789012`, 1_700_000_123_456_789_012n],
    ['us', '9123456789012345', 9_123_456_789_012_345_000n],
    ['s', '1', 1_000_000_000n],
    ['ms', '-1', -1_000_000n],
  ];
  for (const [precision, text, expected] of cases) {
    const collector = new Collector();
    for (const way of ['slow', 'fast']) {
      const { rows } = await collector.read(`m v=1 ${text}`, { precision });
      assert.deepEqual(rows, [`m v double 1 ${expected}`], `${precision} ${way}`);
    }
  }
});

test('a line without a time gets now, cut to the precision', async () => {
  const nowNs = 1_700_000_000_987_654_321n;
  const cases: [Precision, bigint][] = [
    ['s', 1_700_000_000_000_000_000n],
    ['ms', 1_700_000_000_987_000_000n],
    ['us', 1_700_000_000_987_654_000n],
    ['ns', nowNs],
  ];
  for (const [precision, expected] of cases) {
    const collector = new Collector();
    await collector.read('m v=1', { precision, nowNs });
    const { rows } = await collector.read('m v=1\nm v=2 5\nm v=3', { precision, nowNs });
    assert.equal(rows[0], `m v double 1 ${expected}`);
    assert.equal(rows[2], `m v double 3 ${expected}`);
  }
});

test('a body as large as many slices is read whole', async () => {
  const collector = new Collector();
  const lines = Array.from({ length: 300_000 }, (_, i) => `m,x=${i % 100} v=${i} ${i}`);
  const { rows, slowLines } = await collector.read(lines.join('\n'));
  assert.equal(rows.length, 300_000);
  assert.equal(rows[299_999], 'm,x=99 v double 299999 299999');
  assert.equal(slowLines, 100);
});

test('tags are sorted, names and values unescaped', () => {
  const point = parseOne('my\\ m\\,x,z=1,a\\=b\\ c=d\\,e f\\ g="h \\"i\\" \\\\ j" 5');
  assert.equal(point.measurement, 'my m,x');
  assert.deepEqual(point.tags, [
    ['a=b c', 'd,e'],
    ['z', '1'],
  ]);
  assert.deepEqual(point.fields, [{ name: 'f g', type: 'string', value: 'h "i" \\ j' }]);
});

test('a very long line of fields is no fast line but a good one', async () => {
  const fields = Array.from({ length: 1500 }, (_, i) => `f${i}=${i}`).join(',');
  const collector = new Collector();
  for (const way of ['first', 'again']) {
    assert.equal((await collector.read(`m ${fields} 1`)).rows.length, 1500, way);
  }
});
