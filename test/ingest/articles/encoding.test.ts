import assert from 'node:assert/strict';
import { test } from 'node:test';
import iconv from 'iconv-lite';
import { decodeBody } from '../../../ingest/articles/encoding.ts';

const prolog = (charset: string) => `<?xml version="1.0" encoding="${charset}"?>`;

test('a charset that the prolog declares is used', () => {
  for (const [charset, text] of [
    ['windows-1251', 'Курс биткойна'],
    ['koi8-r', 'Курс'],
    ['shift_jis', 'ビットコイン'],
    ['euc-kr', '비트코인'],
    ['gb18030', '比特币'],
    ['big5', '比特幣'],
  ] as const) {
    const bytes = iconv.encode(`${prolog(charset)}<a>${text}</a>`, charset);
    const read = decodeBody(bytes);
    assert.ok(read.text.includes(text), charset);
    assert.deepEqual([read.charset, read.charsetFrom], [charset, 'document']);
  }
});

test('iso-8859-1 is read as windows-1252, as publishers mean it', () => {
  const bytes = Buffer.concat([
    Buffer.from(`${prolog('iso-8859-1')}<a>`),
    Buffer.from([0x93, 0x80, 0x97, 0xe9, 0x94]),
  ]);
  assert.ok(decodeBody(bytes).text.endsWith('<a>“€—é”'));
});

test('the header counts before the prolog, and neither before valid UTF-8', () => {
  const bytes = iconv.encode(`${prolog('iso-8859-1')}<a>Курс</a>`, 'windows-1251');
  const read = decodeBody(bytes, 'text/xml; charset="windows-1251"');
  assert.ok(read.text.includes('Курс'));
  assert.equal(read.charsetFrom, 'header');
  const utf8 = decodeBody(Buffer.from(`${prolog('windows-1251')}<a>Курс</a>`), 'text/xml');
  assert.ok(utf8.text.includes('Курс'));
  assert.deepEqual([utf8.charset, utf8.charsetFrom], ['utf-8', 'detection']);
});

test('a header that the bytes contradict yields to the prolog', () => {
  const bytes = iconv.encode(`${prolog('windows-1251')}<a>Курс</a>`, 'windows-1251');
  assert.ok(decodeBody(bytes, 'text/xml; charset=utf-8').text.includes('Курс'));
});

test('byte order marks and wide characters are recognised', () => {
  for (const charset of ['utf-16le', 'utf-16be']) {
    const bare = iconv.encode('<a>Курс</a>', charset);
    assert.equal(decodeBody(bare).text, '<a>Курс</a>', charset);
    const marked = iconv.encode('<a>Курс</a>', charset, { addBOM: true });
    assert.equal(decodeBody(marked).text, '<a>Курс</a>', charset);
    assert.equal(decodeBody(marked).charsetFrom, 'bom');
  }
});

test('UTF-8 with a few wrong bytes, or cut within a character, stays UTF-8', () => {
  const whole = Buffer.from('<a>Курс биткойна</a>');
  const wrong = Buffer.concat([whole, Buffer.from([0xff, 0x21])]);
  assert.deepEqual(decodeBody(wrong), {
    text: '<a>Курс биткойна</a>\ufffd!',
    charset: 'utf-8',
    charsetFrom: 'detection',
    damaged: true,
  });
  assert.equal(decodeBody(whole.subarray(0, 6)).charset, 'utf-8');
});

test('bytes that say nothing and are not UTF-8 are windows-1252', () => {
  const read = decodeBody(Buffer.from('caf\xe9 d\xe9j\xe0', 'latin1'));
  assert.deepEqual([read.text, read.charset, read.damaged], ['café déjà', 'windows-1252', true]);
});

test('iso-2022-jp, which looks like ASCII, is read when it is declared', () => {
  const bytes = Buffer.from(`${prolog('iso-2022-jp')}<a>\x1b$B%S\x1b(B</a>`, 'latin1');
  assert.ok(decodeBody(bytes).text.endsWith('<a>ビ</a>'));
});

test('a charset that nobody knows, or that hides markup, counts as not said', () => {
  for (const charset of ['x-nonsense', 'utf-7', 'base64', 'hex', '']) {
    assert.equal(decodeBody(Buffer.from(`${prolog(charset)}<a/>`)).charset, 'utf-8', charset);
    const bytes = Buffer.from(`${prolog(charset)}caf\xe9!`, 'latin1');
    assert.equal(decodeBody(bytes).charset, 'windows-1252', charset);
  }
});
