import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import iconv from 'iconv-lite';
import { readNumber } from '../../../ingest/scans/numbers.ts';
import { bodyText } from '../../../ingest/scans/text.ts';

const read = (bytes: Buffer, contentType?: string, truncated = false) =>
  bodyText({ bytes, contentType, truncated });

describe('the text of a body', () => {
  const word = '\u0426\u0435\u043d\u0430 42';

  it('is read as its header says', () => {
    for (const charset of ['windows-1251', 'koi8-r', 'iso-8859-5', 'utf-8', 'UTF-8', '"utf-8"']) {
      const bytes = iconv.encode(word, charset.replaceAll('"', ''));
      const found = read(bytes, `text/html; charset=${charset}`);
      assert.deepEqual([found.text, found.charsetFrom], [word, 'header'], charset);
    }
    const price = '\u683c'; // which all of these have
    for (const charset of ['shift_jis', 'euc-jp', 'gb2312', 'big5', 'euc-kr']) {
      const bytes = iconv.encode(price, charset);
      assert.equal(read(bytes, `text/html;charset=${charset}`).text, price, charset);
    }
  });

  it('is read by its mark before anything else', () => {
    const cases = [
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(word, 'utf16le')]),
      Buffer.concat([Buffer.from([0xfe, 0xff]), iconv.encode(word, 'utf-16be')]),
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(word)]),
    ];
    for (const bytes of cases) {
      const found = read(bytes, 'text/html; charset=windows-1251');
      assert.deepEqual([found.text, found.charsetFrom], [word, 'bom']);
    }
  });

  it('is read as the document says where the header does not', () => {
    const heads = [
      '<meta charset="windows-1251">',
      "<META HTTP-EQUIV='Content-Type' content='text/html; charset=windows-1251'>",
      '<?xml version="1.0" encoding="windows-1251"?>',
    ];
    for (const head of heads) {
      const found = read(iconv.encode(head + word, 'windows-1251'), 'text/html');
      assert.deepEqual([found.text, found.charsetFrom], [head + word, 'document'], head);
    }
    const lie = Buffer.from(`<meta charset="utf-16">${word}`);
    assert.equal(read(lie).text, `<meta charset="utf-16">${word}`);
  });

  it('is UTF-8 where nobody says, or nobody knows what they say', () => {
    for (const contentType of [undefined, 'text/html', 'x; charset=', 'x; charset=klingon']) {
      const found = read(Buffer.from(word), contentType);
      assert.deepEqual([found.text, found.charset], [word, 'utf-8'], contentType);
    }
    for (const charset of ['hex', 'base64', 'utf-7', 'binary', 'utf-7-imap']) {
      assert.equal(read(Buffer.from('+AGE-'), `x; charset=${charset}`).text, '+AGE-', charset);
    }
  });

  it('has latin1 as windows-1252, as browsers do', () => {
    assert.equal(read(Buffer.from([0x80, 0xe9]), 'x; charset=ISO-8859-1').text, '\u20ac\u00e9');
  });

  it('has what cannot be decoded as U+FFFD, never a lone surrogate', () => {
    assert.equal(read(Buffer.from([0x61, 0xff, 0x62])).text, 'a\ufffdb');
    const lone = Buffer.from([0x3d, 0xd8, 0x61, 0x00]);
    assert.equal(read(lone, 'x; charset=utf-16le').text, '\ufffda');
    assert.equal(read(Buffer.from('a\0b')).text, 'a\0b');
  });

  it('leaves a character out that was cut at the end', () => {
    const bytes = Buffer.from('ok \u{1f600}');
    for (const length of [4, 5, 6]) {
      const found = read(bytes.subarray(0, length), undefined, true);
      assert.deepEqual([found.text, found.truncated], ['ok ', true]);
      assert.match(read(bytes.subarray(0, length)).text, /^ok \ufffd+$/);
    }
    assert.equal(read(bytes, undefined, true).text, 'ok \u{1f600}');
  });
});

describe('a number', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['42', 42],
    [' 42.5 ', 42.5],
    ['-7', -7],
    ['\u22127', -7],
    ['+7', 7],
    ['1,234', 1234],
    ['1,234.5', 1234.5],
    ['1.234,5', 1234.5],
    ['1.234', 1.234],
    ['1.234.567', 1234567],
    ['1,234,567.89', 1234567.89],
    ['0,5', 0.5],
    ['0,123', 0.123],
    ['12,5', 12.5],
    ['1,2345', 1.2345],
    ["1'234.5", 1234.5],
    ['1\u00a0234,5', 1234.5],
    ['1\u202f234\u202f567', 1234567],
    ['1e-7', 1e-7],
    ['6.02E23', 6.02e23],
    ['.5', 0.5],
    ['5.', 5],
    ['00012', 12],
    ['', undefined],
    ['abc', undefined],
    ['$5', undefined],
    ['5%', undefined],
    ['1,23,456', undefined],
    ['1.2.3', undefined],
    ['1,2.3,4', undefined],
    ['1 2', undefined],
    ['--5', undefined],
    ['1e999', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['0x10', undefined],
    [`${'9'.repeat(200)}`, undefined],
  ];
  for (const [text, value] of cases) {
    it(`${JSON.stringify(text.slice(0, 20))} is ${value}`, () => {
      assert.equal(readNumber(text), value);
    });
  }
});
