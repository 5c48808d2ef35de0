import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RE2JS } from 're2js';
import { LiteralScan } from '../../../ingest/articles/rules/literal-scan.ts';
import { PatternSet } from '../../../ingest/articles/rules/pattern-set.ts';
import { requiredLiterals } from '../../../ingest/articles/rules/required-literals.ts';
import { WordTrie } from '../../../ingest/articles/rules/word-trie.ts';
import { fold, wordsOf } from '../../../ingest/articles/rules/words.ts';
import { pick, seeded } from './rules-samples.ts';

function found(text: string, wanted: string, { matchCase = false, prefix = false } = {}): string[] {
  const trie = new WordTrie();
  trie.add({ text: wanted, prefix, matchCase });
  const places: string[] = [];
  trie.scan(text, wordsOf(text), (_, from, to) => void places.push(text.slice(from, to)));
  return places;
}

describe('words', () => {
  it('end where letters, digits and marks do', () => {
    const { keys, from, to } = wordsOf("Bitcoin's 3.5% ÉTÉ_x: naïve—foo");
    assert.deepEqual(keys, ['bitcoin', 's', '3', '5', 'été', 'x', 'naïve', 'foo']);
    assert.deepEqual([from[4], to[4]], [15, 18]);
    assert.deepEqual(found('bitcoins and a bit', 'bit'), ['bit']);
    assert.deepEqual(found("Spot-Fund's spot\n fund", 'spot fund'), ['Spot-Fund', 'spot\n fund']);
  });

  it('are the same in every case and composition', () => {
    const same = [
      ['Éclair', 'e\u0301CLAIR'],
      ['STRASSE', 'straße'],
      ['ΟΔΟΣ', 'οδος'],
      ['İstanbul', 'istanbul'],
      ['bit\u00adcoin', 'bitcoin'],
      ['ﬁnance', 'FINANCE'],
    ] as const;
    for (const [one, other] of same) {
      assert.equal(fold(one), fold(other), one);
      assert.deepEqual(found(`x ${one}. y`, other), [one]);
    }
    assert.deepEqual(found('Éclair', 'e\u0301clair', { matchCase: true }), []);
    assert.deepEqual(found('Éclair', 'E\u0301clair', { matchCase: true }), ['Éclair']);
    assert.deepEqual(found('Bitcoin BITCOIN', 'Bit*', { matchCase: true, prefix: true }), [
      'Bitcoin',
    ]);
  });

  it('are found anywhere in scripts without spaces, but only where their signs touch', () => {
    assert.deepEqual(found('我买比特币了', '比特币'), ['比特币']);
    assert.deepEqual(found('我买比特。币了', '比特币'), []);
    assert.deepEqual(found('比特 币', '比特 币'), ['比特 币']);
    assert.deepEqual(found('비트코인은', '비트코인'), ['비트코인']);
    assert.deepEqual(found('비트코인은'.normalize('NFD'), '비트코인').length, 1);
    assert.deepEqual(found('ราคาบิตคอยน์วันนี้', 'บิตคอยน์'), ['บิตคอยน์']);
    assert.deepEqual(found('BTC价格', 'btc'), ['BTC']);
    assert.deepEqual(found('ビットコインETF', 'コイン'), ['コイン']);
  });

  it('fold to what folds to itself', () => {
    const random = seeded(9);
    for (let n = 0; n < 20_000; n += 1) {
      const word = String.fromCodePoint(
        Math.floor(random() * 0x2ffff),
        Math.floor(random() * 0x600),
      );
      assert.equal(fold(fold(word)), fold(word), JSON.stringify(word));
    }
  });

  it('of any text lie in it one after the other', () => {
    const random = seeded(13);
    const bases = [
      0x20, 0x300, 0xad, 0xac00, 0x1100, 0x4e00, 0xe00, 0xd800, 0xdc00, 0xff00, 0x2060,
    ];
    for (let n = 0; n < 5_000; n += 1) {
      const codes = Array.from(
        { length: 12 },
        () => pick(random, bases) + Math.floor(random() * 80),
      );
      const text = String.fromCharCode(...codes);
      const { keys, from, to } = wordsOf(text);
      for (const [index, key] of keys.entries()) {
        assert.notEqual(key, '');
        assert.ok(from[index]! >= (to[index - 1] ?? 0) && to[index]! > from[index]!);
      }
      assert.ok((to.at(-1) ?? 0) <= text.length);
    }
  });

  it('of many phrases that begin alike are found in time in proportion to the text', () => {
    const trie = new WordTrie();
    for (let n = 0; n < 5_000; n += 1) {
      trie.add({ text: `${'a '.repeat(n % 60)}b${n}`, prefix: false, matchCase: false });
    }
    const text = 'a '.repeat(5_000);
    const before = process.cpuUsage();
    trie.scan(text, wordsOf(text), () => assert.fail());
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 1_000_000);
  });
});

describe('literals', () => {
  it('are found where they are, in any case', () => {
    const random = seeded(21);
    for (let n = 0; n < 300; n += 1) {
      const scan = new LiteralScan();
      const make = (max: number) =>
        Array.from({ length: 1 + Math.floor(random() * max) }, () => pick(random, [...'abc'])).join(
          '',
        );
      const literals = [...new Set(Array.from({ length: 12 }, () => make(5)))];
      for (const literal of literals) scan.add(literal);
      for (let m = 0; m < 5; m += 1) {
        const text = `${make(12)}é${make(9).toUpperCase()}`;
        const right = literals.flatMap((each, id) =>
          text.toLowerCase().includes(each) ? [id] : [],
        );
        assert.deepEqual(
          scan.scan(text).sort((a, b) => a - b),
          right,
          `${literals} in ${text}`,
        );
      }
    }
  });

  it('that a pattern cannot match without are known', () => {
    const known: readonly (readonly [string, readonly (readonly string[])[]])[] = [
      ['bitcoin', [['bitcoin']]],
      ['(?i)Bit.*(etf|FUND)', [['bit'], ['etf', 'fund']]],
      ['abcd?e', [['abc']]],
      ['abc+d', []],
      ['(abc)+d', [['abc']]],
      ['(abc){0,3}', []],
      ['abc|', []],
      ['abc|de', []],
      ['\\x41bc', []],
      ['\\pLuvw', [['uvw']]],
      ['[abc]{3}', []],
      ['\\Qabc\\E', []],
      ['a\\.com', [['a.com']]],
      ['ab\\b[^\\]]cdef', [['cdef']]],
      ['(?:(?P<n>abc)d)', [['abcd']]],
    ];
    for (const [source, sets] of known) {
      const got = requiredLiterals(source).map((set) => [...set].sort());
      assert.deepEqual(got.sort(), [...sets].sort(), source);
    }
  });
});

const ATOMS = [
  'a',
  'b',
  'abc',
  'K',
  's',
  '\\.',
  '[ab]',
  '[^c]',
  '.',
  '\\d',
  '\\b',
  '^',
  '$',
  'é',
  'bca',
];
const REPEATS = ['', '', '', '?', '*', '+', '{2}', '{0,2}', '{1,}', '+?'];

function randomPattern(random: () => number, depth: number): string {
  const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const group = depth > 0 && random() < 0.4;
    const atom = group ? `(${randomPattern(random, depth - 1)})` : pick(random, ATOMS);
    return /^[\^$]|\\b$/.test(atom) ? atom : atom + pick(random, REPEATS);
  });
  const text = parts.join('');
  return random() < 0.25 ? `${text}|${pick(random, ATOMS)}${pick(random, ATOMS)}` : text;
}

describe('patterns, run together', () => {
  it('match where each of them alone matches', () => {
    const random = seeded(33);
    let matches = 0;
    for (let round = 0; round < 12; round += 1) {
      const wanted = Array.from({ length: 25 }, () => ({
        source: randomPattern(random, 2),
        flags: random() < 0.5 ? 'i' : '',
      }));
      const set = new PatternSet();
      const ids = wanted.map(({ source, flags }) => set.add({ source, flags, size: 100 }));
      const programs = wanted.map(({ source, flags }) =>
        RE2JS.compile(source, flags === 'i' ? RE2JS.CASE_INSENSITIVE : 0),
      );
      for (let n = 0; n < 12; n += 1) {
        const text = Array.from({ length: Math.floor(random() * 14) }, () =>
          pick(random, [
            'a',
            'b',
            'c',
            'abc',
            'bca',
            'A',
            'K',
            'k',
            '\u212a',
            'ſ',
            '.',
            '7',
            'é',
            ' ',
          ]),
        ).join('');
        const matched = new Set(set.match(text));
        for (const [index, { source, flags }] of wanted.entries()) {
          const alone = programs[index]!.matcher(text);
          const right = alone.find();
          assert.equal(matched.has(ids[index]!), right, `/${source}/${flags} in ${text}`);
          if (!right) continue;
          matches += 1;
          assert.deepEqual(set.locate(ids[index]!, text), [alone.start(), alone.end()]);
        }
      }
    }
    assert.ok(matches > 500, `${matches}`);
  });
});
