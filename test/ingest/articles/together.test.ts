import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TidemarkError } from '../../../core/errors.ts';
import { Together, type TogetherOptions } from '../../../ingest/articles/together.ts';

/** Runs that end when they are told to. */
function stage(options: Partial<TogetherOptions<number, string>> = {}) {
  const runs: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const together = new Together<number, string>({
    ...{ runsMax: 1, sizeMax: 3, sizeOf: () => 1, ...options },
    run: (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => {
          if (error) reject(error);
          else resolve(items.map((item) => `done ${item}`));
        };
        runs.push({ items, end });
      }),
  });
  return { together, runs, items: () => runs.map((run) => run.items) };
}

test('what comes while something is under way goes together, in order', async () => {
  const { together, runs, items } = stage();
  const asked = [1, 2, 3, 4, 5].map((item) => together.do(item));
  assert.deepEqual(items(), [[1]], 'nobody waits for others to come');
  runs[0]!.end();
  await turn();
  assert.deepEqual(items(), [[1], [2, 3, 4]], 'no more than there is room for');
  runs[1]!.end();
  await turn();
  runs[2]!.end();
  assert.deepEqual(await Promise.all(asked), ['done 1', 'done 2', 'done 3', 'done 4', 'done 5']);
});

test('what is too large for any run goes alone, and several runs may be under way', async () => {
  const { together, runs, items } = stage({ runsMax: 2, sizeOf: (item) => item });
  const asked = [1, 9, 2, 1, 9].map((item) => together.do(item));
  assert.deepEqual(items(), [[1], [9]]);
  runs[1]!.end();
  await turn();
  assert.deepEqual(items().at(-1), [2, 1]);
  for (const run of runs) run.end();
  await turn();
  assert.deepEqual(items().at(-1), [9]);
  runs.at(-1)!.end();
  await Promise.all(asked);
});

test('an item that fails does so alone', async () => {
  const { together, runs, items } = stage();
  const asked = [1, 2, 3].map((item) => together.do(item));
  const settled = Promise.allSettled(asked);
  runs[0]!.end();
  await turn();
  runs[1]!.end(new Error('one of them'));
  await turn();
  runs[2]!.end(new Error('two is wrong'));
  await turn();
  runs[3]!.end();
  const [, two, three] = await settled;
  assert.deepEqual(items(), [[1], [2, 3], [2], [3]]);
  assert.match(String(two?.status === 'rejected' && two.reason), /two is wrong/);
  assert.deepEqual(three, { status: 'fulfilled', value: 'done 3' });
});

test('where nobody answers, all are told so at once', async () => {
  const { together, runs, items } = stage();
  const settled = Promise.allSettled([1, 2, 3].map((item) => together.do(item)));
  runs[0]!.end();
  await turn();
  runs[1]!.end(new TidemarkError('unavailable', 'nobody is there'));
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  assert.deepEqual(items(), [[1], [2, 3]]);
  const later = together.do(4);
  runs[2]!.end();
  assert.equal(await later, 'done 4');
});
