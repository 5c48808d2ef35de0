import type { Field } from '../../../ingest/articles/rules/field.ts';
import type { Query } from '../../../ingest/articles/rules/query.ts';
import type { Rule, RuleSpec } from '../../../registry/rules.ts';

/** The same numbers in each run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export const empty: RuleSpec = { any: [], all: [], none: [], query: null };

export function ruleOf(
  id: number,
  spec: Partial<RuleSpec>,
  feeds: readonly number[] | null = null,
): Rule {
  const base = { name: `rule ${id}`, active: true, version: 1, createdMs: 0, changedMs: 0 };
  return {
    id,
    ...base,
    feeds: feeds && [...feeds],
    matches: 0,
    leftOut: null,
    spec: { ...empty, ...spec },
  };
}

export const pick = <T>(random: () => number, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)]!;

/** Few, so that texts have them. */
export const VOCABULARY = ['etf', 'ETF', 'fund', 'spot', 'bit', 'bitcoin', '比特', '币', 'Ünïon'];
const PATTERNS = [
  'b[i1]t',
  'fund$',
  '^spot',
  'etf.{0,9}fund',
  '(spot|bitcoin) fund',
  '\\bbit\\b',
  '[0-9]+',
];
const SCOPES: readonly (readonly Field[])[] = [
  ['title'],
  ['body'],
  ['title', 'body'],
  ['category', 'summary'],
  ['author'],
];

/** Any query tree, terms without a scope or with one. */
export function randomQuery(random: () => number, depth = 3): Query {
  const kind = random();
  const next = () => randomQuery(random, depth - 1);
  if (depth === 0 || kind < 0.3) return randomTerm(random);
  if (kind < 0.4) return { kind: 'in', fields: pick(random, SCOPES), of: withoutSymbols(next()) };
  if (kind < 0.55) return { kind: 'not', of: next() };
  const of = Array.from({ length: 2 + Math.floor(random() * 2) }, next);
  return { kind: kind < 0.8 ? 'and' : 'or', of };
}

function randomTerm(random: () => number): Query {
  const kind = random();
  const at = 0;
  if (kind < 0.1) return { kind: 'symbol', text: pick(random, ['$BTC', '$sol']), at };
  if (kind < 0.35) {
    return {
      kind: 'pattern',
      source: pick(random, PATTERNS),
      flags: pick(random, ['', 'i']),
      size: 0,
      at,
    };
  }
  const word = pick(random, VOCABULARY);
  if (kind < 0.45) return { kind: 'words', text: 'bi*', quoted: false, prefix: true, at };
  if (kind < 0.75) return { kind: 'words', text: word, quoted: false, prefix: false, at };
  const text = `${word} ${pick(random, VOCABULARY)}`;
  return { kind: 'words', text, quoted: true, prefix: false, at };
}

/** A symbol is not looked for in parts of an article. */
function withoutSymbols(query: Query): Query {
  switch (query.kind) {
    case 'symbol':
      return { kind: 'words', text: 'bit', quoted: false, prefix: false, at: 0 };
    case 'and':
    case 'or':
      return { kind: query.kind, of: query.of.map(withoutSymbols) };
    case 'not':
      return { kind: 'not', of: withoutSymbols(query.of) };
    default:
      return query;
  }
}

/** Some words with what stands between words. */
export function randomText(random: () => number, words: number): string {
  let text = '';
  for (let n = Math.floor(random() * words); n > 0; n -= 1) {
    text += `${pick(random, [...VOCABULARY, 'rumor', 'b1t', '7'])}${pick(random, [' ', ' ', '-', '. ', ''])}`;
  }
  return text;
}
