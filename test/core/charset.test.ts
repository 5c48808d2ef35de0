import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import iconv from 'iconv-lite';
import {
  byteOrderMark,
  charsetOf,
  declaredCharsets,
  decodeAs,
  headerCharset,
  wellFormed,
} from '../../core/charset.ts';

describe('a charset', () => {
  const labels: readonly (readonly [string, string | undefined])[] = [
    ['UTF-8', 'utf-8'],
    ['utf8', 'utf-8'],
    ['iso-8859-1', 'windows-1252'],
    ['ISO_8859_1', 'windows-1252'],
    ['us-ascii', 'windows-1252'],
    ['gb2312', 'gbk'],
    ['x-sjis', 'shift_jis'],
    ['Shift-JIS', 'shift_jis'],
    ['tis620', 'tis620'],
    ['cp437', 'cp437'],
    ['unicode', 'utf-16le'],
    ['utf-32', 'utf-32'],
    ['iso-2022-jp', 'iso-2022-jp'],
    ['x-mac-cyrillic', 'x-mac-cyrillic'],
    ...['klingon', 'utf-7', 'utf-7-imap', 'hex', 'base64', 'binary', '', '__proto__'].map(
      (label) => [label, undefined] as const,
    ),
  ];
  for (const [label, name] of labels) {
    it(`${label} is ${name}`, () => {
      assert.equal(charsetOf(label), name);
    });
  }

  it('that has a name can be decoded', () => {
    for (const [label] of labels) {
      const name = charsetOf(label);
      if (name === undefined || /^utf-(16|32)/.test(name)) continue;
      assert.equal(decodeAs(Buffer.from('plain'), name), 'plain', label);
    }
  });

  it('is read from a Content-Type and from a document', () => {
    assert.equal(headerCharset('text/html; charset="koi8-r"'), 'koi8-r');
    assert.equal(headerCharset("text/html;x=y; Charset = 'koi8-r'; b=c"), 'koi8-r');
    assert.equal(headerCharset('text/html; charset=klingon'), undefined);
    assert.equal(headerCharset(undefined), undefined);
    const document = '<?xml version="1.0" encoding=" koi8-r "?><meta charset=euc-kr>';
    assert.deepEqual(declaredCharsets(Buffer.from(document)), { xml: 'koi8-r', html: 'euc-kr' });
    const late = Buffer.from(`${' '.repeat(3_000)}${document}`);
    assert.deepEqual(declaredCharsets(late), { xml: undefined, html: undefined });
  });

  it('is said by a byte order mark, the longest that fits', () => {
    for (const charset of ['utf-8', 'utf-16le', 'utf-16be', 'utf-32le', 'utf-32be']) {
      const bytes = iconv.encode('a', charset, { addBOM: true });
      const mark = byteOrderMark(bytes);
      assert.equal(mark?.charset, charset);
      assert.equal(decodeAs(bytes.subarray(mark?.length), charset), 'a');
    }
    assert.equal(byteOrderMark(Buffer.from('a')), undefined);
    assert.equal(byteOrderMark(Buffer.of(0xff)), undefined);
  });
});

describe('decoding', () => {
  it('takes what the standard has beyond the name', () => {
    const sign = '\u{20000}';
    assert.equal(decodeAs(iconv.encode(sign, 'gb18030'), 'gbk'), sign);
    assert.equal(decodeAs(Buffer.of(0xe0), 'x-mac-cyrillic'), 'а');
    assert.equal(decodeAs(Buffer.from('\x1b$B%S\x1b(B', 'latin1'), 'iso-2022-jp'), 'ビ');
  });

  it('leaves a character out that was cut, in any charset', () => {
    const cut = (text: string, charset: string) =>
      decodeAs(iconv.encode(text, charset).subarray(0, -1), charset, true);
    for (const charset of ['utf-8', 'utf-16le', 'gbk', 'shift_jis', 'euc-kr']) {
      assert.equal(cut('ok 格', charset), 'ok ', charset);
    }
    const japanese = Buffer.from('\x1b$B%S%', 'latin1');
    assert.equal(decodeAs(japanese, 'iso-2022-jp', true), 'ビ');
  });

  it('leaves no half of a pair', () => {
    assert.equal(wellFormed('a\ud800b\udc00 \u{1f600}'), 'a\ufffdb\ufffd \u{1f600}');
    assert.equal(decodeAs(Buffer.from([0x3d, 0xd8, 0x61, 0x00]), 'utf-16le'), '\ufffda');
  });
});
