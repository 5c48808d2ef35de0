import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formats, type MediaType } from '../../api/rows/format.ts';
import { PriceTranscoder } from '../../api/rows/transcode.ts';
import { TidemarkError } from '../../core/errors.ts';

const HEAD =
  '#datatype,string,long,dateTime:RFC3339,double,string\r\n' +
  '#group,false,false,false,false,true\r\n' +
  '#default,_result,,,,\r\n' +
  ',result,table,_time,_value,exchange\r\n';

const T = '2022-10-11T03:35:02.358Z';

/** All that is written of a CSV that comes in chunks of `size` bytes. */
function transcode(csv: string, media: MediaType = 'application/x-ndjson', size = 1e9): string {
  const transcoder = new PriceTranscoder(formats[media]);
  const bytes = Buffer.from(csv);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    pieces.push(...transcoder.feed(bytes.subarray(at, at + size)));
  }
  transcoder.end();
  pieces.push(transcoder.takeAll());
  return Buffer.concat(pieces).toString();
}

const row = (price: string, exchange = '"kraken"', time = T) =>
  `{"price":${price},"time":"${time}","exchange":${exchange}}\n`;

describe('prices out of annotated CSV', () => {
  it('come out the same wherever the chunks are cut', () => {
    const csv =
      `${HEAD},,0,${T},1.5,kraken\r\n,,0,${T},2,kraken\r\n,,1,2022-10-11T03:36:00Z,3,"a,""b"\r\n` +
      `,,2,${T},4,бирža\r\n\r\n${HEAD},,3,${T},5,okx\r\n\r\n`;
    const whole = transcode(csv);
    assert.equal(
      whole,
      row('1.5') +
        row('2') +
        row('3', '"a,\\"b"', '2022-10-11T03:36:00.000Z') +
        row('4', '"бирža"') +
        row('5', '"okx"'),
    );
    for (let size = 1; size < 80; size++) {
      assert.equal(transcode(csv, 'application/x-ndjson', size), whole, `chunks of ${size}`);
    }
  });

  const numbers: readonly [string, string][] = [
    ['20966.789', '20966.789'],
    ['0', '0'],
    ['0.5', '0.5'],
    ['-0.5', '-0.5'],
    ['100000000000000000000', '100000000000000000000'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1e-7', '1e-7'],
    ['1e+21', '1e+21'],
    ['1E5', '1E5'],
    ['NaN', 'null'],
    ['+Inf', 'null'],
    ['-Inf', 'null'],
    ['', 'null'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['007', '7'],
    ['1.2.3', 'null'],
  ];
  for (const [cell, wanted] of numbers) {
    it(`write the number ${cell || '(empty)'} as ${wanted}`, () => {
      assert.equal(
        transcode(`${HEAD},,0,${T},1,kraken\r\n,,0,${T},${cell},kraken\r\n`),
        row('1') + row(wanted),
      );
      JSON.parse(row(wanted));
    });
  }

  const times: readonly [string, string][] = [
    ['2022-10-11T03:35:02Z', '2022-10-11T03:35:02.000Z'],
    ['2022-10-11T03:35:02.3Z', '2022-10-11T03:35:02.300Z'],
    ['2022-10-11T03:35:02.358Z', '2022-10-11T03:35:02.358Z'],
    ['2022-10-11T03:35:02.358999999Z', '2022-10-11T03:35:02.358Z'],
    ['2022-10-11T03:35:02.000000001Z', '2022-10-11T03:35:02.000Z'],
  ];
  for (const [cell, wanted] of times) {
    it(`write the time ${cell} with three digits`, () => {
      assert.equal(transcode(`${HEAD},,0,${cell},1,kraken\r\n`), row('1', '"kraken"', wanted));
    });
  }

  it('follow columns that stand elsewhere, and a schema that changes', () => {
    const other =
      '#datatype,string,long,string,double,dateTime:RFC3339,string\r\n' +
      '#group,false,false,true,false,false,true\r\n#default,_result,,,,,\r\n' +
      ',result,table,exchange,_value,_time,pair\r\n' +
      `,,0,okx,7,${T},btcusd\r\n,,0,okx,8,${T},btcusd\r\n`;
    const csv = `${HEAD},,0,${T},1,kraken\r\n,,0,${T},2,kraken\r\n\r\n${other}\r\n`;
    assert.equal(transcode(csv), row('1') + row('2') + row('7', '"okx"') + row('8', '"okx"'));
  });

  it('take a default where the cell is empty', () => {
    const csv = `${HEAD.replace('_result,,,,', '_result,,,,okx')},,0,${T},1,\r\n,,0,${T},2,\r\n`;
    assert.equal(transcode(csv), row('1', '"okx"') + row('2', '"okx"'));
  });

  it('are quoted as each format needs', () => {
    const csv = `${HEAD},,0,${T},1,"a,""b"\r\n,,0,${T},NaN,plain\r\n`;
    assert.equal(transcode(csv, 'text/csv'), `1,${T},"a,""b"\r\n,${T},plain\r\n`);
    const prices = JSON.parse(`[${transcode(csv, 'application/json')}]`);
    assert.deepEqual(prices[0], { price: 1, time: T, exchange: 'a,"b' });
    assert.equal(prices[1].price, null);
  });

  it('are nothing where there is nothing', () => {
    assert.equal(transcode('\r\n'), '');
    assert.equal(transcode(''), '');
  });

  it('come in pieces of some 64 kB', () => {
    const transcoder = new PriceTranscoder(formats['application/json']);
    const rows = `,,0,${T},1.5,kraken\r\n`.repeat(10_000);
    const full = transcoder.feed(Buffer.from(HEAD + rows));
    assert.ok(full.length >= 10);
    for (const piece of full) assert.ok(piece.length >= 65_536 && piece.length < 70_000);
    assert.equal(transcoder.rows, 10_000);
    assert.deepEqual(transcoder.feed(Buffer.from('\r\n')), []);
  });
});

describe('a failure inside the CSV', () => {
  const rows = `${HEAD},,0,${T},1,kraken\r\n,,0,${T},2,kraken\r\n`;
  const cases: readonly [string, string, TidemarkError['code'], RegExp][] = [
    [
      'an error table',
      `${rows}\r\n#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n` +
        ',error,reference\r\n,boom,897\r\n',
      'invalid',
      /boom/,
    ],
    ['a bare error table', `${rows}\r\nerror,reference\r\nboom,897\r\n`, 'invalid', /boom/],
    [
      'an overload',
      `${rows}\r\nerror,reference\r\n"memory allocation limit reached, sorry",\r\n`,
      'unavailable',
      /memory/,
    ],
    ['half a row', `${rows},,0,${T},3,kra`, 'upstream', /middle of a row/],
    ['a row with a cell too few', `${rows},,0,${T},3\r\n`, 'upstream', /4 cells/],
    ['a row with a cell too many', `${rows},,0,${T},3,kraken,x\r\n`, 'upstream', /6 cells/],
    ['a page of a proxy', '<html>\r\n<body>\r\n', 'upstream', /./],
    [
      'another table',
      `${HEAD.replace('exchange', 'market')},,0,${T},3,x\r\n`,
      'upstream',
      /exchange/,
    ],
    ['a row without time', `${rows},,0,,3,kraken\r\n`, 'upstream', /without a time/],
    ['a row without end', rows + ','.repeat(2_000_000), 'upstream', /row over/],
  ];
  for (const [title, csv, code, message] of cases) {
    it(`is told: ${title}`, () => {
      for (const size of [1e9, 1000, 7]) {
        if (size === 7 && csv.length > 10_000) continue;
        assert.throws(
          () => transcode(csv, 'application/json', size),
          (error) =>
            error instanceof TidemarkError && error.code === code && message.test(error.message),
        );
      }
    });
  }
});
