import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Shared } from '../../../api/events/shared.ts';

/** Questions that are answered by hand. */
function questions() {
  const open: { answer(n: number): void; fail(error: Error): void }[] = [];
  const find = () =>
    new Promise<number>((answer, fail) => {
      open.push({ answer, fail });
    });
  return { open, shared: new Shared(find) };
}

describe('what many ask at the same moment', () => {
  it('is asked once for all who come while one is under way, and after it', async () => {
    const { open, shared } = questions();
    const first = shared.ask();
    const others = Array.from({ length: 1_000 }, () => shared.ask());
    assert.equal(open.length, 1);
    open[0]!.answer(1);
    assert.equal(await first, 1);
    assert.equal(open.length, 2, 'an answer is not older than the question');
    open[1]!.answer(2);
    assert.deepEqual(new Set(await Promise.all(others)), new Set([2]));
    const later = shared.ask();
    assert.equal(open.length, 3);
    open[2]!.answer(3);
    assert.equal(await later, 3);
  });

  it('fails for those who share it, and is asked again for the next', async () => {
    const { open, shared } = questions();
    const first = assert.rejects(shared.ask(), /away/);
    const second = shared.ask();
    open[0]!.fail(new Error('away'));
    await first;
    open[1]!.answer(2);
    assert.equal(await second, 2);
  });
});
