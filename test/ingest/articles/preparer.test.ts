import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { createPreparer, ItemsRefused, type Preparer } from '../../../ingest/articles/preparer.ts';
import type { Rule } from '../../../registry/rules.ts';

const rule = (id: number, query: string, version = 1): Rule => ({
  ...{ id, name: `rule ${id}`, feeds: null, active: true, version, matches: 0, leftOut: null },
  ...{ createdMs: 0, changedMs: 0, spec: { any: [], all: [], none: [], query } },
});

const page = (body: string) => ({
  ...{ feed: 1, title: 'A title', summary: '', authors: [], categories: [] },
  ...{ symbols: ['ETH'], body },
});

/** Compiled modules that are loaded with one, itself included. */
function loadedWith(module: URL, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(module.pathname)) return found;
  found.add(module.pathname);
  const text = readFileSync(module, 'utf8');
  for (const [, path] of text.matchAll(/^(?:import|export)\b[^;]*?['"](\.[^'"]+)['"];/gm)) {
    loadedWith(new URL(path!, module), found);
  }
  return found;
}

describe('the thread that judges', () => {
  let preparer: Preparer;
  before(() => {
    preparer = createPreparer({ clock: systemClock });
  });
  after(() => preparer.close());

  const matched = async (body: string) =>
    (await preparer.judgePage(page(body))).matches.map((one) => one.rule);

  it('judges a page by its text, and finds the currencies that it speaks of', async () => {
    await preparer.useRules([rule(1, '"secret sauce"'), rule(2, 'other'), rule(3, '$BTC $ETH')]);
    const { symbols, matches } = await preparer.judgePage(page('A secret sauce for bitcoin.'));
    assert.deepEqual(symbols, ['ETH', 'BTC']);
    assert.deepEqual(
      matches.map((one) => one.rule),
      [1, 3],
    );
    assert.deepEqual(matches[0]?.clauses, [
      { clause: '"secret sauce"', field: 'body', at: [2, 14] },
    ]);
  });

  it('judges by new rules from when it is told of them', async () => {
    const told = preparer.useRules([rule(1, 'first')]);
    assert.deepEqual(await matched('first'), [1]);
    await told;
    const again = preparer.useRules([rule(1, 'second', 2)]);
    assert.deepEqual([await matched('first'), await matched('second')], [[], [1]]);
    await again;
  });

  it('says which rules are left out, and why, also when nothing changed', async () => {
    const wrong = [rule(1, 'fine'), rule(2, '(never closed')];
    for (let n = 0; n < 2; n += 1) {
      const refused = await preparer.useRules(wrong);
      assert.deepEqual(
        refused.map((one) => [one.rule, one.path, one.position]),
        [[2, 'query', 0]],
      );
    }
    assert.deepEqual(await matched('fine'), [1]);
  });

  it('has its rules again when it was ended', async () => {
    await preparer.useRules([rule(7, 'lasting')]);
    const hostile = { ...page(''), authors: 7 as unknown as string[] };
    await assert.rejects(preparer.judgePage(hostile), ItemsRefused);
    assert.deepEqual(await matched('lasting'), [7]);
  });

  it('is the only one that compiles sets of rules', () => {
    const at = (path: string) => new URL(`../../../ingest/articles/${path}`, import.meta.url);
    const compiler = at('rules/compile.js').pathname;
    assert.ok(loadedWith(at('preparer-thread.js')).has(compiler));
    const worker = loadedWith(at('worker.js'));
    assert.ok(worker.has(at('page-visit.js').pathname));
    assert.ok(!worker.has(compiler));
  });
});
