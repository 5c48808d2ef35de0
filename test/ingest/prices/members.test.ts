import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Members } from '../../../ingest/prices/members.ts';
import { NumberJsonReader } from '../../../ingest/prices/number-json.ts';

/** The same numbers between 0 and 1 at every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const KEYS = ['a', 'bb', 'c c', '', '__proto__', '7', 'constructor', 'ключ', 'k"q', 'x\\y', '*'];
const TEXTS = [
  '',
  'x',
  'a longer text than thirteen',
  'é',
  '比特币',
  '\u0001',
  '"',
  '\\',
  '1',
  '😀',
];
const NUMBERS = ['0', '-0', '1', '-12.50', '1e5', '1E-7', '0.10', '123456789012345678901234567890'];

/** A random document; numbers as they would be written, spaces here and there. */
function documentOf(random: () => number, depth = 0): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const space = () => (random() < 0.1 ? pick([' ', '\n', '\t ', '\r\n']) : '');
  const list = (part: () => string) =>
    Array.from({ length: Math.floor(random() * 5) }, () => space() + part() + space()).join(',');
  const text = (value: string) =>
    random() < 0.1 ? `"\\u0041\\n${value.replaceAll(/["\\\p{Cc}]/gu, '')}"` : JSON.stringify(value);
  const kind = depth > 5 ? random() * 0.5 : random();
  if (kind < 0.2) return text(pick(TEXTS));
  if (kind < 0.4) return pick(NUMBERS);
  if (kind < 0.5) return pick(['true', 'false', 'null']);
  const inner = () => documentOf(random, depth + 1);
  if (kind < 0.7) return `[${list(inner)}]`;
  return `{${list(() => `${text(pick(KEYS))}${space()}:${space()}${inner()}`)}}`;
}

/** What JSON.parse makes of it, numbers as texts: each is quoted outside of texts beforehand. */
function parsed(document: string): unknown {
  JSON.parse(document);
  const quoted = document.replaceAll(
    /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g,
    (part) => (part.startsWith('"') ? part : `"${part}"`),
  );
  return JSON.parse(quoted);
}

/** The value without what a tree does not name. */
function pruned(value: unknown, members: Members): unknown {
  if (typeof members !== 'object' || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => pruned(each, members));
  const kept = Object.entries(value).flatMap(([name, each]) => {
    const own = Object.hasOwn(members, name) && name !== '*' ? members[name] : members['*'];
    return own === undefined ? [] : [[name, pruned(each, own)] as const];
  });
  // fromEntries makes `__proto__` a member like others.
  return Object.fromEntries(kept);
}

const TREES: readonly Members[] = [
  true,
  'name',
  {},
  { '*': true },
  { '*': 'name' },
  { a: true },
  { a: { a: true, bb: 'name' }, bb: { '*': { a: true } }, '': 'name', ключ: true },
  { '*': { '*': { bb: true } }, a: { '7': true, 'k"q': true, 'x\\y': { '*': 'name' } } },
];

describe('documents of which parts are read', () => {
  it('give what JSON.parse gives, without what the tree does not name, at any order of documents', () => {
    const random = seeded(7);
    const readers = TREES.map((tree) => new NumberJsonReader(tree));
    for (let round = 0; round < 3_000; round += 1) {
      const document = documentOf(random);
      const want = parsed(document);
      for (const [i, reader] of readers.entries()) {
        const got = reader.read(Buffer.from(document));
        assert.deepEqual(got, pruned(want, TREES[i] as Members), `${i}: ${document}`);
      }
    }
  });

  it('that are cut or broken are refused exactly when JSON.parse refuses them', () => {
    const random = seeded(8);
    const readers = TREES.map((tree) => new NumberJsonReader(tree));
    let refused = 0;
    for (let round = 0; round < 6_000; round += 1) {
      const whole = Buffer.from(documentOf(random));
      const bytes = round % 2 ? whole.subarray(0, Math.floor(random() * whole.length)) : whole;
      for (let flips = round % 3; flips > 0 && bytes.length > 0; flips -= 1) {
        const at = Math.floor(random() * bytes.length);
        bytes[at] =
          random() < 0.5 ? Math.floor(random() * 256) : '{}[],:"\\019-.eE+ tn'.charCodeAt(at % 18);
      }
      const verdict = verdictOf(() => JSON.parse(strictText(bytes)));
      if (verdict !== 'taken') refused += 1;
      for (const reader of readers) {
        assert.equal(
          verdictOf(() => reader.read(bytes)),
          verdict,
          JSON.stringify(`${bytes}`),
        );
      }
    }
    assert.ok(refused > 2_000, `${refused}`);
  });

  it('may be followed by another one that is shorter: nothing of the old one is seen', () => {
    const reader = new NumberJsonReader(true);
    reader.read(Buffer.from('[1,2,3,4,5,6,7,8,9]'));
    for (const cut of ['[1,2,3,4', '[1,', '[', '"ab', '"ab\\', '{"a', '{"a":', 'tru', '-', '1e']) {
      assert.throws(() => reader.read(Buffer.from(cut)), SyntaxError, cut);
    }
    assert.equal(reader.read(Buffer.from('12')), '12');
  });

  it('may begin with one byte order mark', () => {
    const reader = new NumberJsonReader({ a: true });
    const mark = Buffer.from([0xef, 0xbb, 0xbf]);
    assert.deepEqual(reader.read(Buffer.concat([mark, Buffer.from(' {"a":1,"b":2}')])), { a: '1' });
    const twice = Buffer.concat([mark, mark, Buffer.from('{}')]);
    assert.throws(() => reader.read(twice), SyntaxError);
  });

  it('may be 256 levels deep, read or not, and no deeper', () => {
    for (const tree of [true, { a: true }] as const) {
      const reader = new NumberJsonReader(tree);
      for (const [open, close] of [
        ['[', ']'],
        ['{"b":', '}'],
      ] as const) {
        const nest = (levels: number) =>
          Buffer.from(`${open.repeat(levels)}1${close.repeat(levels)}`);
        reader.read(nest(256));
        assert.throws(() => reader.read(nest(257)), SyntaxError);
        assert.throws(() => reader.read(nest(100_000)), SyntaxError);
      }
    }
  });

  it('tell of a member twice: the last one counts', () => {
    const reader = new NumberJsonReader({ a: true });
    for (const text of ['{"a":1,"a":2}', '{"a":1,"b":[1],"a":{"c":3}}', '{"a":1,"\\u0061":null}']) {
      assert.deepEqual(reader.read(Buffer.from(text)), pruned(parsed(text), { a: true }));
    }
  });

  it('remember names within bounds, and keys, whoever sends new ones', () => {
    const reader = new NumberJsonReader({ '*': { '*': 'name' } });
    const whole = new NumberJsonReader(true);
    for (let round = 0; round < 4; round += 1) {
      const entries = Array.from({ length: 15_000 }, (_, i) => [`k${round}_${i}`, { n: `v${i}` }]);
      const document = JSON.stringify(Object.fromEntries(entries));
      const want = JSON.parse(document);
      assert.deepEqual(reader.read(Buffer.from(document)), want);
      assert.deepEqual(whole.read(Buffer.from(document)), want);
    }
  });

  it('are as strict in texts that are longer than what is decoded at once', () => {
    const long = 'é'.repeat(50_000) + 'x'.repeat(50_000);
    const document = JSON.stringify({
      a: long,
      b: 'x'.repeat(100_000),
      c: ['y'.repeat(40_000), '1'],
    });
    const reader = new NumberJsonReader({ a: true, c: true });
    assert.deepEqual(reader.read(Buffer.from(document)), {
      a: long,
      c: ['y'.repeat(40_000), '1'],
    });
  });
});

/** @throws TypeError when the bytes are not UTF-8. */
const strictText = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

function verdictOf(work: () => unknown): string {
  try {
    work();
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof SyntaxError || error instanceof TypeError, String(error));
    return error.name;
  }
}
