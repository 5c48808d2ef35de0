import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compileRules,
  type Judgement,
  type RuledArticle,
  type Verdict,
} from '../../../ingest/articles/rules/compile.ts';
import { FIELDS, type Field } from '../../../ingest/articles/rules/field.ts';
import { SET_LIMITS } from '../../../ingest/articles/rules/limits.ts';
import { printQuery, type Query } from '../../../ingest/articles/rules/query.ts';
import type { RuleSpec } from '../../../registry/rules.ts';
import { randomQuery, randomText, ruleOf, seeded } from './rules-samples.ts';

const blank: RuledArticle = {
  ...{ feed: 1, title: '', summary: '', authors: [], categories: [], symbols: [] },
};

function judge(spec: Partial<RuleSpec> | string, article: Partial<RuledArticle>): Judgement {
  const rule = ruleOf(1, typeof spec === 'string' ? { query: spec } : spec);
  const set = compileRules([rule]);
  assert.deepEqual(set.refused, []);
  return set.evaluate({ ...blank, ...article })[0]!;
}

/** As the language is described, one rule and one term after the other. */
function naive(query: Query, article: RuledArticle, fields: readonly Field[]): Verdict {
  const all = (of: readonly Query[]) => of.map((part) => naive(part, article, fields));
  switch (query.kind) {
    case 'and':
      return worst(all(query.of), 'no', 'yes');
    case 'or':
      return worst(all(query.of), 'yes', 'no');
    case 'not':
      return ({ yes: 'no', no: 'yes', 'needs-text': 'needs-text' } as const)[
        naive(query.of, article, fields)
      ];
    case 'in':
      return naive(query.of, article, query.fields);
    case 'symbol': {
      const symbol = query.text.slice(1).toUpperCase();
      return article.symbols.includes(symbol) ? 'yes' : 'no';
    }
    default: {
      const texts = fields.flatMap((field) => textsOf(article, field));
      const found = texts.some((text) => text !== undefined && holds(query, text));
      return found ? 'yes' : texts.includes(undefined) ? 'needs-text' : 'no';
    }
  }
}

function worst(values: readonly Verdict[], decides: Verdict, else_: Verdict): Verdict {
  if (values.includes(decides)) return decides;
  return values.includes('needs-text') ? 'needs-text' : else_;
}

function textsOf(article: RuledArticle, field: Field): readonly (string | undefined)[] {
  if (field === 'author') return article.authors;
  if (field === 'category') return article.categories;
  return field === 'symbol' ? article.symbols : [article[field]];
}

const tokens = (text: string) => [...text.toLowerCase().matchAll(/[a-zïü0-9]+|[\u4e00-\u9fff]/g)];

function holds(term: Extract<Query, { kind: 'words' | 'pattern' }>, text: string): boolean {
  if (term.kind === 'pattern') return new RegExp(term.source, term.flags).test(text);
  const wanted = tokens(term.text);
  const words = tokens(text);
  return words.some((_, first) =>
    wanted.every(([word], index) => {
      const there = words[first + index];
      if (there === undefined) return false;
      const before = wanted[index - 1];
      const glued =
        before !== undefined && before.index + before[0].length === wanted[index]!.index;
      const last = words[first + index - 1];
      if (glued && last!.index + last![0].length !== there.index) return false;
      return term.prefix ? there[0].startsWith(word) : there[0] === word;
    }),
  );
}

describe('rules, compiled together', () => {
  it('say what a plain evaluation of each says, with and without a body', () => {
    const random = seeded(11);
    const seen = { yes: 0, no: 0, 'needs-text': 0 };
    for (let round = 0; round < 8; round += 1) {
      const queries = Array.from({ length: 60 }, () => randomQuery(random));
      const set = compileRules(queries.map((q, id) => ruleOf(id, { query: printQuery(q) })));
      assert.deepEqual(set.refused, []);
      for (let n = 0; n < 15; n += 1) {
        const article: RuledArticle = {
          feed: 1,
          title: randomText(random, 6),
          summary: randomText(random, 4),
          ...(random() < 0.5 && { body: randomText(random, 12) }),
          authors: random() < 0.5 ? [] : ['Jane', randomText(random, 3)],
          categories: [randomText(random, 3), randomText(random, 3)],
          symbols: random() < 0.5 ? ['BTC'] : [],
        };
        const judgements = set.evaluate(article);
        assert.equal(judgements.length, queries.length);
        for (const { rule, verdict } of judgements) {
          const right = naive(queries[rule]!, article, ['title', 'summary', 'body']);
          assert.equal(
            verdict,
            right,
            `${printQuery(queries[rule]!)} on ${JSON.stringify(article)}`,
          );
          seen[verdict] += 1;
        }
      }
    }
    assert.ok(Math.min(...Object.values(seen)) > 500, JSON.stringify(seen));
  });

  it('name terms whose places hold what was looked for', () => {
    const random = seeded(12);
    let clauses = 0;
    for (let n = 0; n < 500; n += 1) {
      const text = randomText(random, 20);
      const article = { ...blank, title: text, categories: ['x', text], body: '' };
      const query = randomQuery(random, 2);
      for (const { clause, field, item, at } of judge(printQuery(query), article).clauses) {
        assert.ok(FIELDS.includes(field));
        assert.equal(item, field === 'category' ? 1 : undefined);
        const place = text.slice(...at);
        assert.equal(
          judge(clause, { [field]: place, categories: [place], body: '' }).verdict,
          'yes',
        );
        clauses += 1;
      }
    }
    assert.ok(clauses > 100, `${clauses}`);
  });

  it('need the text only where it decides', () => {
    const verdicts = [
      ['etf', { title: 'An ETF' }, 'yes'],
      ['etf', { title: 'A fund' }, 'needs-text'],
      ['etf', { title: 'A fund', body: '' }, 'no'],
      ['title:etf', { title: 'A fund' }, 'no'],
      ['title:etf fund', { title: 'A fund' }, 'no'],
      ['etf OR title:fund', { title: 'A fund' }, 'yes'],
      ['-etf', { title: 'ETF' }, 'no'],
      ['-etf', { title: 'A fund' }, 'needs-text'],
      ['-title:etf', { title: 'A fund' }, 'yes'],
      ['(etf OR -etf)', { title: 'A fund' }, 'needs-text'],
      ['/e.f/i title:fund', { title: 'A fund' }, 'needs-text'],
      ['$BTC', { title: 'BTC' }, 'no'],
      ['$BTC', { symbols: ['BTC'] }, 'yes'],
      ['category:"spot fund"', { categories: ['spot', 'fund'] }, 'no'],
      ['(etf OR "spot fund") AND -rumor in:title', { title: 'Rumor: spot fund' }, 'no'],
    ] as const;
    for (const [query, article, verdict] of verdicts) {
      assert.equal(
        judge(query, article).verdict,
        verdict,
        `${query} on ${JSON.stringify(article)}`,
      );
    }
  });

  it('name at most 20 clauses, none below a NOT, none of a branch that failed', () => {
    const title = 'one two three four';
    assert.deepEqual(judge('(one missing) OR two -(three missing)', { title, body: '' }).clauses, [
      { clause: 'two', field: 'title', at: [4, 7] },
    ]);
    const words = Array.from({ length: 30 }, (_, n) => `w${n}`).join(' ');
    assert.equal(judge(words, { title: words }).clauses.length, 20);
    const both = judge('one', { title, body: 'not one' }).clauses;
    assert.deepEqual(
      both.map(({ field, at }) => [field, ...at]),
      [
        ['title', 0, 3],
        ['body', 4, 7],
      ],
    );
    assert.deepEqual(judge('title:one', { title: 'none', body: '' }).clauses, []);
  });

  it('take terms of any, all and none with the query', () => {
    const spec: RuleSpec = {
      any: [{ text: 'ETF', matchCase: true }, { pattern: 'spot.fund' }],
      all: [{ text: 'bit*', in: ['title', 'category'] }],
      none: [{ text: '$SOL' }],
      query: 'approved',
    };
    const yes = { title: 'Bitcoin Spot-Fund approved' };
    assert.equal(judge(spec, yes).verdict, 'yes');
    assert.deepEqual(
      judge(spec, yes).clauses.map(({ clause }) => clause),
      ['/spot.fund/i', 'bit* in:title,category', 'approved'],
    );
    assert.equal(judge(spec, { ...yes, symbols: ['SOL'] }).verdict, 'no');
    assert.equal(judge(spec, { ...yes, title: 'Spot fund approved' }).verdict, 'no');
    assert.equal(judge(spec, { title: 'bitcoin etf approved', body: '' }).verdict, 'no');
    assert.equal(judge(spec, { title: 'bitcoin ETF approved', body: '' }).verdict, 'yes');
    assert.equal(judge(spec, { title: 'bitcoin ETF', body: '' }).verdict, 'no');
    const strict = { any: [{ pattern: 'ETF', matchCase: true }] };
    assert.equal(judge(strict, { title: 'etf', body: '' }).verdict, 'no');
  });

  it('of patterns that match everywhere name the places of the first hundred', () => {
    const rules = Array.from({ length: 150 }, (_, id) => ruleOf(id, { query: `/etf|x${id}/` }));
    const judgements = compileRules(rules).evaluate({ ...blank, title: 'an etf' });
    assert.ok(judgements.every(({ verdict }) => verdict === 'yes'));
    assert.equal(judgements.flatMap(({ clauses }) => clauses).length, 100);
    assert.deepEqual(judgements[0]!.clauses[0]!.at, [3, 6]);
  });

  it('are asked of the feeds that they name', () => {
    const rules = [
      ruleOf(1, { query: 'a' }),
      ruleOf(2, { query: 'a' }, [7]),
      ruleOf(3, { query: 'a' }, []),
    ];
    const set = compileRules(rules);
    const asked = (feed: number) =>
      set.evaluate({ ...blank, feed, title: 'a' }).map(({ rule, verdict }) => `${rule} ${verdict}`);
    assert.deepEqual(asked(1), ['1 yes']);
    assert.deepEqual(asked(7), ['1 yes', '2 yes']);
  });

  it('that are wrong, or for which there is no room, are named; the others count', () => {
    const rules = [
      ruleOf(1, { query: '(' }),
      ruleOf(2, { query: 'a /\\d+x/ /\\d+y/' }),
      ruleOf(3, { query: 'b c' }),
      ruleOf(4, { query: 'd' }),
    ];
    const limits = { ...SET_LIMITS, rules: 2, openInstructions: 5 };
    const set = compileRules(rules, { limits });
    assert.equal(set.size, 2);
    assert.deepEqual(
      set.refused.map(({ rule, path }) => [rule, path]),
      [
        [1, 'query'],
        [2, ''],
      ],
    );
    assert.match(
      compileRules(rules, { limits: { ...limits, rules: 1 } }).refused[2]!.message,
      /1 rules/,
    );
    const few = compileRules(rules.slice(2), { limits: { ...limits, terms: 2 } });
    assert.deepEqual(
      few.refused.map(({ rule }) => rule),
      [4],
    );
  });

  it('take time in proportion to the text from hostile patterns', () => {
    const queries = [
      '/(a+)+$/',
      '/(a|aa)+$/',
      '/(a*)*b/',
      '/(.*)(.*)(.*)x{50}/',
      '/(a?){30}a{30}$/',
    ];
    const rules = queries.map((query, id) => ruleOf(id, { query: `body:${query}` }));
    const set = compileRules(rules);
    const cpu = (chars: number) => {
      const body = `${'a'.repeat(chars)}!`;
      const before = process.cpuUsage();
      for (const { verdict } of set.evaluate({ ...blank, body })) assert.equal(verdict, 'no');
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    cpu(1_000);
    // A backtracking engine needs 2 ** 50,000 steps.
    assert.ok(cpu(50_000) < 2_000);
  });

  it('look at the beginning of a text that is too long', () => {
    const body = `${'x '.repeat(200_000)} etf`;
    assert.equal(judge('etf', { body }).verdict, 'no');
    assert.equal(judge('etf', { title: `${'a '.repeat(5_000)} etf` }).verdict, 'yes');
  });
});
