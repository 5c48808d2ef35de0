import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import { literal, type ParameterType, type ParameterValue } from '../../flux/literal.ts';

const year = (text: string) => new Date(text);

describe('Flux literal', () => {
  const written: readonly (readonly [ParameterType, ParameterValue, string])[] = [
    ['string', 'btcusd', '"btcusd"'],
    ['string', '', '""'],
    ['string', 'a"b\\c', '"a\\"b\\\\c"'],
    ['string', '${1 + 1} {2}', '"\\x24{1 + 1} {2}"'],
    ['string', '$"', '"\\x24\\""'],
    ['string', '\n\r\t\0\u001b\u007f', '"\\n\\r\\t\\x00\\x1b\\x7f"'],
    ['string', 'ß€\u{1F600}\u2028', '"ß€\u{1F600}\u2028"'],
    ['strings', ['a', '"'], '["a", "\\""]'],
    ['strings', [], '[]'],
    ['bool', true, 'true'],
    ['int', 42, '42'],
    ['int', -0, '0'],
    ['int', -9007199254740993n, '-9007199254740993'],
    ['float', 1, '1.0'],
    ['float', -0.5, '-0.5'],
    ['float', 1e21, '1000000000000000000000.0'],
    ['float', -1.5e-7, '-0.00000015'],
    ['float', 123456.789e-10, '0.0000123456789'],
    ['duration', '-24h', '-24h'],
    ['duration', '1mo2d', '1mo2d'],
    ['time', '2022-10-11T03:35:02.358Z', '2022-10-11T03:35:02.358Z'],
    ['time', year('2022-10-11'), '2022-10-11T00:00:00.000Z'],
    ['instant', '-1h', '-1h'],
    ['instant', year('2022-10-11'), '2022-10-11T00:00:00.000Z'],
  ];
  for (const [type, value, text] of written) {
    it(`writes the ${type} ${text}`, () => {
      assert.equal(literal('x', type, value), text);
    });
  }

  const refused: readonly (readonly [ParameterType, ParameterValue])[] = [
    ['string', 1],
    ['string', '\ud800'],
    ['string', ['a']],
    ['strings', 'a'],
    ['strings', ['a', 1 as unknown as string]],
    ['bool', 'true'],
    ['int', 1.5],
    ['int', 2 ** 53],
    ['int', 2n ** 63n],
    ['int', -(2n ** 63n)],
    ['int', '1'],
    ['float', Number.NaN],
    ['float', Number.POSITIVE_INFINITY],
    ['float', '1.5'],
    ['duration', '24'],
    ['duration', '1h)'],
    ['duration', '-1h // '],
    ['duration', '1h\n'],
    ['duration', ''],
    ['duration', `${'9'.repeat(30)}h`],
    ['duration', 5],
    ['time', '2022-10-11'],
    ['time', 'now()'],
    ['time', '2022-10-11T00:00:00Z)'],
    ['time', '2022-02-30T00:00:00Z'],
    ['time', '3022-10-11T00:00:00Z'],
    ['time', new Date(Number.NaN)],
    ['instant', 'yesterday'],
  ];
  for (const [type, value] of refused) {
    it(`refuses the ${type} ${String(value)}`, () => {
      assert.throws(
        () => literal('start', type, value),
        (error: unknown) => isCode(error, 'invalid') && error.message.startsWith('start: expected'),
      );
    });
  }
});
