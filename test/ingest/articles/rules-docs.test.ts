/** Every example of docs/rules.md. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../core/paths.ts';
import { compileRules, type RuledArticle } from '../../../ingest/articles/rules/compile.ts';
import * as limits from '../../../ingest/articles/rules/limits.ts';
import { parseQuery } from '../../../ingest/articles/rules/query.ts';
import { checkRule } from '../../../ingest/articles/rules/spec.ts';
import { PATTERN_SIZE_MAX } from '../../../ingest/scans/pattern.ts';
import { ruleSpec } from '../../../registry/rules.ts';
import { ruleOf } from './rules-samples.ts';

const text = readFileSync(join(projectRoot, 'docs', 'rules.md'), 'utf8');
const blocks = (kind: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${kind}\n([\\s\\S]*?)\n\`\`\``, 'g'))].map(
    ([, body]) => body!,
  );

const blank: RuledArticle = {
  ...{ feed: 1, title: '', summary: '', authors: [], categories: [], symbols: [] },
};
const VERDICTS = { '+': 'yes', '-': 'no', '?': 'needs-text' } as const;
/** `+` and a title, or a whole article as JSON. */
const EXAMPLE = /^([+?-]) (\{.*\}|.+)$/;

describe('docs/rules.md', () => {
  it('has examples whose queries say what it says of them', () => {
    let examples = 0;
    for (const line of blocks('rules').flatMap((block) => queriesOf(block))) {
      const set = compileRules([ruleOf(1, { query: line.query })]);
      assert.deepEqual(set.refused, [], line.query);
      for (const [, sign, what] of line.examples) {
        const whole = what!.startsWith('{');
        const parts: Partial<RuledArticle> = whole ? JSON.parse(what!) : { title: what! };
        // Of a title alone: there is no page to be read, unless that is the example.
        const body = sign === '?' || whole ? {} : { body: '' };
        const [judgement] = set.evaluate({ ...blank, ...body, ...parts });
        assert.equal(judgement!.verdict, VERDICTS[sign as '+'], `${line.query} on ${what}`);
        examples += 1;
      }
    }
    assert.ok(examples > 40, `${examples}`);
  });

  it('shows mistakes where they are', () => {
    const lines = blocks('mistakes').join('\n').split('\n');
    assert.ok(lines.length >= 12);
    for (let n = 0; n < lines.length; n += 2) {
      const [query = '', mark = ''] = lines.slice(n, n + 2);
      const parsed = parseQuery(query);
      assert.ok(!parsed.ok, query);
      assert.equal(`${' '.repeat(parsed.position)}^ ${parsed.message}`, mark);
    }
  });

  it('has rules that are taken', () => {
    const rules = blocks('json');
    assert.ok(rules.length > 0);
    for (const rule of rules) {
      const { name, feeds, ...spec } = JSON.parse(rule);
      assert.equal(typeof name, 'string');
      assert.equal(feeds, null);
      assert.deepEqual(checkRule(ruleSpec.strict().parse(spec)), { ok: true });
    }
  });

  it('names the limits that there are', () => {
    const numbers = [
      limits.SET_LIMITS.rules,
      limits.QUERY_LENGTH_MAX,
      limits.DEPTH_MAX,
      limits.PATTERN_LENGTH_MAX,
      PATTERN_SIZE_MAX,
      limits.PHRASE_WORDS_MAX,
      limits.TERMS_MAX,
      limits.FIELD_LENGTH_MAX,
    ];
    const told = text.slice(text.indexOf('## Limits')).match(/\d[\d,]*/g);
    assert.deepEqual(
      told?.map((number) => Number(number.replace(/,/g, ''))),
      numbers,
    );
  });
});

function queriesOf(block: string): { query: string; examples: RegExpExecArray[] }[] {
  const queries: { query: string; examples: RegExpExecArray[] }[] = [];
  for (const line of block.split('\n')) {
    const example = EXAMPLE.exec(line);
    if (example === null) queries.push({ query: line, examples: [] });
    else queries.at(-1)!.examples.push(example);
  }
  return queries;
}
