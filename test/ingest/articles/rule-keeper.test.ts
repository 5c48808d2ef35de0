import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Log } from '../../../core/log.ts';
import { silentLog } from '../../../core/log.ts';
import { RuleKeeper } from '../../../ingest/articles/rule-keeper.ts';
import type { RefusedRule } from '../../../ingest/articles/rules/compiled.ts';
import type { LeftOutRule, Rule } from '../../../registry/rules.ts';

/** Lets everything run that waits for no time. */
const settled = () => new Promise((done) => setImmediate(done));

const rule = (id: number, version = 1): Rule => ({
  ...{ id, name: `rule ${id}`, feeds: null, active: true, version, matches: 0, leftOut: null },
  ...{ createdMs: 0, changedMs: 0, spec: { any: [], all: [], none: [], query: 'a' } },
});
const full: RefusedRule = { rule: 2, message: 'more than 1 rules', position: 0, path: '' };
const wrong: RefusedRule = { rule: 3, message: 'expected a word', position: 4, path: 'query' };

describe('rules that count', () => {
  let rules: Rule[];
  let refused: RefusedRule[];
  let reads: number;
  let used: (readonly number[])[];
  let told: (readonly LeftOutRule[])[];
  let warned: string[];
  let failing: Error | undefined;
  let keeper: RuleKeeper;

  beforeEach(() => {
    rules = [rule(1), rule(2, 5), rule(3)];
    refused = [];
    [reads, used, told, warned, failing] = [0, [], [], [], undefined];
    const log: Log = { ...silentLog, warn: (_about, message) => void warned.push(message) };
    keeper = new RuleKeeper({
      ledger: {
        rules: async () => {
          reads += 1;
          if (failing) throw failing;
          return rules;
        },
        leaveOutRules: async (leftOut) => void told.push(leftOut),
      },
      preparer: {
        useRules: async (given, { signal } = {}) => {
          used.push(given.map(({ id }) => id));
          if (signal?.aborted) throw new Error('cancelled');
          return refused;
        },
      },
      log,
    });
  });

  it('are read when they may be others, and anyway when that is wanted', async () => {
    await keeper.keepUp({ anyway: false });
    await keeper.keepUp({ anyway: false });
    assert.equal(reads, 1);
    keeper.changed();
    await keeper.keepUp({ anyway: false });
    await keeper.keepUp({ anyway: true });
    assert.deepEqual([reads, used.length], [3, 3]);
  });

  it('are read again when they could not be', async () => {
    failing = new Error('away');
    await assert.rejects(keeper.keepUp({ anyway: false }), /away/);
    failing = undefined;
    await keeper.keepUp({ anyway: false });
    assert.deepEqual(used, [[1, 2, 3]]);
  });

  it('say why they are left out, and the log says so once', async () => {
    refused = [full, wrong];
    for (let n = 0; n < 2; n += 1) {
      await keeper.keepUp({ anyway: true });
      await settled();
      assert.deepEqual(told.at(-1), [
        { rule: 2, version: 5, why: 'more than 1 rules' },
        { rule: 3, version: 1, why: 'query, at 4: expected a word' },
      ]);
    }
    assert.deepEqual(warned, ['rules that match nothing']);
    refused = [];
    await keeper.keepUp({ anyway: true });
    await settled();
    assert.deepEqual([told.at(-1), warned.length], [[], 1]);
  });

  it('are told of no more when the worker ends', async () => {
    await keeper.keepUp({ anyway: false });
    await keeper.close();
    const before = told.length;
    await keeper.keepUp({ anyway: true });
    await keeper.close();
    assert.deepEqual([told.length, warned], [before, []]);
  });
});
