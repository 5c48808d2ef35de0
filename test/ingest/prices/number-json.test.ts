import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNumberJson } from '../../../ingest/prices/number-json.ts';

describe('JSON with numbers as text', () => {
  it('keeps every digit of a number, whatever its form', () => {
    const body = '[37.930307309999996, 1e-05, -0.10, 1E+3, 0, 12345678901234567890.123456789]';
    assert.deepEqual(parseNumberJson(body), [
      '37.930307309999996',
      '1e-05',
      '-0.10',
      '1E+3',
      '0',
      '12345678901234567890.123456789',
    ]);
  });

  it('leaves texts alone, also those that look like numbers or hold quotes', () => {
    const value = { 'k"1': 'a\\', b: '1,2', c: '\\"3', d: '[4]', e: 'x\\\\"5', f: '' };
    assert.deepEqual(parseNumberJson(JSON.stringify(value)), value);
  });

  it('takes objects, literals and numbers at any depth', () => {
    assert.deepEqual(parseNumberJson('{"a":{"b":[1,true,null,{"c":2}]},"d":3}'), {
      a: { b: ['1', true, null, { c: '2' }] },
      d: '3',
    });
    assert.equal(parseNumberJson(' 7 '), '7');
  });

  it('refuses what is not JSON', () => {
    for (const bad of [
      '',
      '[01]',
      '[1.]',
      '[.5]',
      '[+1]',
      '[NaN]',
      '[1',
      '{"a":1',
      '[-]',
      '[1e]',
    ]) {
      assert.throws(() => parseNumberJson(bad), SyntaxError, bad);
    }
    assert.throws(() => parseNumberJson('[1 2]'), SyntaxError);
    assert.throws(() => parseNumberJson('["open'), SyntaxError);
  });

  it('agrees with JSON.parse on everything but numbers', () => {
    const texts = ['{"__proto__":{"x":1}}', '[]', '{}', '["\\u0031\\n"]', '{"1":"2"}', '"5"'];
    for (const text of texts) {
      const want = JSON.parse(text, (_key, value) =>
        typeof value === 'number' ? String(value) : value,
      );
      assert.deepEqual(parseNumberJson(text), want);
    }
  });
});
