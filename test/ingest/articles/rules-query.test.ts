import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseQuery, printQuery, type Query } from '../../../ingest/articles/rules/query.ts';
import { checkRule } from '../../../ingest/articles/rules/spec.ts';
import type { RuleSpec } from '../../../registry/rules.ts';
import { empty, pick, randomQuery, seeded } from './rules-samples.ts';

function read(text: string): Query {
  const parsed = parseQuery(text);
  assert.ok(parsed.ok, `${text}: ${parsed.ok || parsed.message}`);
  return parsed.query;
}

const printed = (text: string) => printQuery(read(text));

/** The tree without the places of its terms and what they cost. */
function shape(query: Query): unknown {
  return JSON.parse(JSON.stringify(query), (key, value) =>
    /^(at|size)$/.test(key) ? undefined : value,
  );
}

describe('a query', () => {
  it('is the same tree when it is printed and read again', () => {
    const random = seeded(3);
    for (let n = 0; n < 800; n += 1) {
      const query = randomQuery(random, 4);
      assert.deepEqual(shape(read(printQuery(query))), shape(query), printQuery(query));
    }
  });

  it('binds NOT before AND before OR, and a scope before all of them', () => {
    const same = [
      ['a b OR c d', '(a AND b) OR (c AND d)'],
      ['NOT a b', '(-a) b'],
      ['-a in:title', 'NOT (a in:title)'],
      ['a OR b in:title', 'a OR (title:b)'],
      ['(a OR b) in:title,body', '(a OR b) in:title,body'],
      ['title:a', 'a in:title'],
      ['title:(a OR "b c")', '(a OR "b c") in:title'],
      ['((a))', 'a'],
      ['“spot fund”', '"spot fund"'],
      ['a(b)c', 'a b c'],
    ] as const;
    for (const [one, other] of same) assert.deepEqual(shape(read(one)), shape(read(other)), one);
    assert.equal(
      printed('(etf OR "spot fund") AND -rumor in:title'),
      '(etf OR "spot fund") -title:rumor',
    );
    assert.equal(
      printed('spot-fund and/or https://x.test/a?b 10:30 AT&T'),
      'spot-fund and/or https://x.test/a?b 10:30 AT&T',
    );
  });

  it('takes operators in capitals alone, and $ before a ticker as a symbol', () => {
    assert.equal((read('or') as { kind: string }).kind, 'words');
    assert.equal((read('"OR"') as { kind: string }).kind, 'words');
    assert.equal(read('$sol').kind, 'symbol');
    assert.equal(read('$1INCH').kind, 'symbol');
    assert.equal(read('$100').kind, 'words');
    assert.equal(read('symbol:sol').kind, 'in');
    assert.equal(read('($SOL OR b) in:title,symbol').kind, 'in');
  });

  const MISTAKES: readonly (readonly [string, number, RegExp])[] = [
    ['', 0, /expected a term/],
    ['  ', 2, /expected a term/],
    ['a AND', 5, /behind AND/],
    ['OR a', 0, /not OR/],
    ['a OR OR b', 5, /behind OR, not OR/],
    ['(a', 0, /no \) for this \(/],
    ['a b)', 3, /no \( for this \)/],
    ['()', 1, /behind \(/],
    ['a "b', 2, /no end/],
    ['a /b', 2, /no end/],
    ['a - b', 3, /right behind -/],
    ['a (-)', 4, /right behind -/],
    ['tilte:a', 0, /not tilte/],
    ['a in:title,foo', 11, /not foo/],
    ['a in:title,title', 11, /twice/],
    ['a in:', 5, /expected a field/],
    ['in:title a', 0, /stands behind/],
    ['a in:title in:body', 11, /one in: alone/],
    ['title:a in:body', 8, /already/],
    ['title: a', 6, /right behind title:/],
    ['title:-a', 6, /behind the field, not NOT/],
    ['a & b', 2, /no letter or digit/],
    ['"..."', 1, /no letter or digit/],
    ['a b*c', 3, /end of a word/],
    ['a b*', 3, /at least 2/],
    ['ab-*', 3, /at least 2/],
    ['*', 0, /expected a word|at least 2/],
    ['$SOL*', 4, /no \*/],
    ['(etf OR $SOL) in:title', 8, /"SOL" is the word/],
    ['a /b/x', 5, /flags/],
    ['/b/ii', 4, /flags/],
    ['//', 1, /expected a pattern/],
    ['a /x(?=b)/', 4, /look-around/],
    ['/(?<!x)b/', 1, /look-around/],
    ['/(a)\\1/', 4, /back-ref/],
    ['/a[b/', 2, /missing closing \]/],
    ['/a(b/', 2, /missing closing \)/],
    [`/${'a'.repeat(1_001)}/`, 1_001, /longer than 1000/],
    ['/((a{100}){100}){100}/', 4, /repeat/],
    [`${'('.repeat(33)}a${')'.repeat(33)}`, 32, /32 deep/],
    [`${'NOT '.repeat(33)}a`, 32 * 4, /32 deep/],
    [`${'a '.repeat(2_000)}a`, 4_000, /longer than 4000/],
    [`"${'a '.repeat(65)}"`, 1, /64 words/],
  ];

  it('that is wrong is refused with the place of the mistake and what was expected', () => {
    for (const [text, position, message] of MISTAKES) {
      const parsed = parseQuery(text);
      assert.ok(!parsed.ok, text);
      assert.deepEqual([text, parsed.position], [text, position], parsed.message);
      assert.match(parsed.message, message, text);
    }
  });

  it('never throws, whatever it is, and says a place within it', () => {
    const random = seeded(5);
    const parts = [
      '(',
      ')',
      '"',
      '/',
      '-',
      ' ',
      'a',
      'OR ',
      'NOT ',
      'in:',
      'title:',
      '$',
      '*',
      '\\',
    ];
    parts.push('[', '{9}', '\u0000', '\ud800', '„', 'é', '比', ':', ',', '?', '+', '|', '\u00ad');
    let good = 0;
    for (let n = 0; n < 8_000; n += 1) {
      const length = Math.floor(random() * 12);
      const text = Array.from({ length }, () => pick(random, parts)).join('');
      const parsed = parseQuery(text);
      if (parsed.ok) good += 1;
      else assert.ok(parsed.position >= 0 && parsed.position <= text.length, text);
    }
    assert.ok(good > 200, `${good}`);
    for (let n = 0; n < 2_000; n += 1) {
      const bytes = Uint8Array.from({ length: 30 }, () => Math.floor(random() * 256));
      parseQuery(Buffer.from(bytes).toString('latin1'));
      parseQuery(Buffer.from(bytes).toString('utf16le'));
    }
  });

  it('of the longest length is read in time in proportion to it', () => {
    const texts = [
      '/a/ '.repeat(1_000),
      `${'-'.repeat(31)}a`,
      '"a" '.repeat(1_000),
      '*'.repeat(4_000),
    ];
    const before = process.cpuUsage();
    for (const text of [...texts, 'a:'.repeat(2_000), '/('.repeat(2_000)]) parseQuery(text);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 3_000_000);
  });
});

describe('a rule', () => {
  it('that is wrong is refused with the part, the place and the mistake', () => {
    const mistakes: readonly (readonly [Partial<RuleSpec>, string, number, RegExp])[] = [
      [{}, '', 0, /a term or a query/],
      [{ query: 'a OR' }, 'query', 4, /behind OR/],
      [{ any: [{ text: 'a' }, { text: 'b*c' }] }, 'any.1.text', 1, /\*/],
      [{ all: [{ pattern: 'a(?=b)' }] }, 'all.0.pattern', 1, /look-around/],
      [{ all: [{ pattern: '' }] }, 'all.0.pattern', 0, /expected a pattern/],
      [{ none: [{ text: 'a', pattern: 'a' }] }, 'none.0', 0, /one of/],
      [{ none: [{}] }, 'none.0', 0, /one of/],
      [{ any: [{ text: 'a', in: [] }] }, 'any.0.in', 0, /at least one/],
      [{ any: [{ text: '$SOL', in: ['title'] }] }, 'any.0.in', 0, /symbols/],
      [{ any: [{ text: ' ' }] }, 'any.0.text', 0, /a word/],
      [{ any: [{ text: 'a'.repeat(1_001) }] }, 'any.0.text', 1_000, /longer/],
      [{ any: Array.from({ length: 201 }, () => ({ text: 'a' })) }, '', 0, /200 terms/],
    ];
    for (const [spec, path, position, message] of mistakes) {
      const checked = checkRule({ ...empty, ...spec });
      assert.ok(!checked.ok, JSON.stringify(spec));
      assert.deepEqual([checked.path, checked.position], [path, position], checked.message);
      assert.match(checked.message, message);
    }
  });

  it('may have terms, a query, or both', () => {
    const specs: readonly Partial<RuleSpec>[] = [
      { query: 'a' },
      { any: [{ text: 'two words' }, { pattern: 'x+', matchCase: true }] },
      { none: [{ text: '$SOL', in: ['symbol', 'title'] }] },
      { all: [{ text: 'bit*', in: ['title'] }], query: 'b' },
    ];
    for (const spec of specs) assert.deepEqual(checkRule({ ...empty, ...spec }), { ok: true });
  });
});
