/**
 * Rules of articles: 1,000 on articles of 6 kB, compiled into one set, beside 1,000 native RegExp,
 * one by one over the same texts. CPU ms an article, interleaved, medians; native has no bound on
 * what a hostile pattern takes, and says nothing of where and whether the page has to be read.
 * Usage: node dist/bench/rules.js [rules] [rounds]
 */
import { loadavg } from 'node:os';
import { compileRules, type RuledArticle } from '../ingest/articles/rules/compile.ts';
import type { Rule } from '../registry/rules.ts';
import { median } from './median.ts';

const ARTICLES = 20;
const BODY_CHARS = 6_000;

const words = (
  'the a of to in and for on with at by from up about into over after market price token chain ' +
  'bitcoin ethereum fund spot trader exchange wallet yield stake layer bridge protocol court ' +
  'regulator approval hack exploit inflow outflow rally record week month analyst said million'
).split(' ');

/** The same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function articleOf(seed: number): RuledArticle {
  const random = seeded(seed);
  const word = () => words[Math.floor(random() * words.length)]!;
  const text = (chars: number) => {
    let made = '';
    while (made.length < chars) {
      // Now and then something that a rule may look for.
      const rare = random() < 0.02 ? `name${1_000 + Math.floor(random() * 5_000)}` : word();
      made += random() < 0.1 ? `${rare}. ` : `${rare} `;
    }
    return made;
  };
  const parts = { title: text(70), summary: text(300), body: text(BODY_CHARS) };
  return { feed: 1, ...parts, authors: ['Jane Doe'], categories: ['Markets'], symbols: ['BTC'] };
}

interface Kind {
  readonly query: (n: number) => string;
  readonly native: (n: number) => RegExp;
}

const phrases: Kind = {
  query: (n) => `(name${n} OR "spot name${n}") AND -rumor`,
  native: (n) => new RegExp(`\\b(?:name${n}|spot name${n})\\b`, 'i'),
};
const guarded: Kind = {
  query: (n) => `/\\bname${n}\\b.{0,40}(approval|hack)/i`,
  native: (n) => new RegExp(`\\bname${n}\\b.{0,40}(approval|hack)`, 'i'),
};
const common: Kind = {
  query: (n) => `/bitcoin.{0,40}name${n}x/i`,
  native: (n) => new RegExp(`bitcoin.{0,40}name${n}x`, 'i'),
};
const alike: Kind = {
  query: (n) => `/bitcoin (rally|record) [${'abcdef'[n % 6]}-z]{${1 + (n % 7)}}${n % 10}/i`,
  native: (n) =>
    new RegExp(`bitcoin (rally|record) [${'abcdef'[n % 6]}-z]{${1 + (n % 7)}}${n % 10}`, 'i'),
};
const mixed: Kind = {
  query: (n) => (n % 5 === 0 ? guarded : phrases).query(n),
  native: (n) => (n % 5 === 0 ? guarded : phrases).native(n),
};

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const rule = (id: number, query: string): Rule => ({
  ...{ id, name: `rule ${id}`, feeds: null, active: true, version: 1 },
  ...{
    createdMs: 0,
    changedMs: 0,
    matches: 0,
    leftOut: null,
    spec: { any: [], all: [], none: [], query },
  },
});

const count = Number(process.argv[2] ?? 1_000);
const rounds = Number(process.argv[3] ?? 7);
const numbers = Array.from({ length: count }, (_, n) => 1_000 + n);
const kinds = { phrases, 'patterns of names': guarded, 'patterns that begin alike': common, alike };

for (const [name, kind] of Object.entries({ 'four of five phrases': mixed, ...kinds })) {
  const rules = numbers.map((n) => rule(n, kind.query(n)));
  let set = compileRules([]);
  const compileMs = cpuMs(() => {
    set = compileRules(rules);
  });
  if (set.refused.length > 0) throw new Error(JSON.stringify(set.refused[0]));
  const natives = numbers.map((n) => kind.native(n));
  let matched = 0;
  const first = cpuMs(() => void set.evaluate(articleOf(1)));
  const runs: Readonly<Record<string, (article: RuledArticle) => void>> = {
    tidemark: (article) => {
      for (const { verdict } of set.evaluate(article)) if (verdict === 'yes') matched += 1;
    },
    native: ({ title, summary, body = '' }) => {
      for (const pattern of natives) {
        if (pattern.test(title) || pattern.test(summary) || pattern.test(body)) matched += 1;
      }
    },
  };
  const results = new Map<string, number[]>();
  // The first round warms up; articles are others in each.
  for (let round = 0; round <= rounds; round += 1) {
    const seeds = Array.from({ length: ARTICLES }, (_, n) => 2 + round * ARTICLES + n);
    const articles = seeds.map(articleOf);
    for (const [who, run] of Object.entries(runs)) {
      const took = cpuMs(() => articles.forEach(run)) / ARTICLES;
      if (round > 0) results.set(who, [...(results.get(who) ?? []), took]);
    }
  }
  const parts = [...results].map(([who, all]) => `${who} ${median(all).toFixed(2)}`);
  const once = `compile ${compileMs.toFixed(0)} ms, first article ${first.toFixed(1)} ms`;
  console.log(`${count} rules, ${name}: ${parts.join(', ')} ms an article; ${once}; ${matched}`);
}
console.log(`load ${loadavg()[0]?.toFixed(1)}`);
