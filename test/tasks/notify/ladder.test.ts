import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextDelayMs } from '../../../tasks/notify/ladder.ts';
import { randomFrom } from '../../helpers/random.ts';

const S = 1_000;
const LADDER = [5 * S, 30 * S, 120 * S, 600 * S, 1_800 * S, 3_600 * S, 7_200 * S, 7_200 * S];

describe('the ladder of attempts', () => {
  it('goes from 5 s to 2 h, and stays there', () => {
    const half = () => 0.5;
    const delays = LADDER.map((_, step) => nextDelayMs({ step, random: half }));
    assert.deepEqual(delays, LADDER);
    assert.equal(nextDelayMs({ step: 1_000, random: half }), 7_200 * S);
  });

  it('is up to a fifth off, to both sides', () => {
    const random = randomFrom(1);
    for (const [step, rungMs] of LADDER.entries()) {
      const delays = Array.from({ length: 500 }, () => nextDelayMs({ step, random }));
      const [least, most] = [Math.min(...delays) / rungMs, Math.max(...delays) / rungMs];
      assert.ok(least >= 0.8 && least < 0.82, `${least}`);
      assert.ok(most <= 1.2 && most > 1.18, `${most}`);
    }
  });

  it('waits as long as the receiver asks for, from 10 s to 2 h', () => {
    const wait = (step: number, retryAfterMs: number, random: number) =>
      nextDelayMs({ step, retryAfterMs, random: () => random });
    assert.equal(wait(0, 60 * S, 0), 60 * S);
    assert.equal(wait(0, 0, 0), 10 * S);
    assert.equal(wait(0, 10 * 365 * 86_400 * S, 0), 7_200 * S);
    // Not sooner than asked for, and not all at the same moment.
    assert.ok(wait(0, 60 * S, 0.99) > 70 * S);
    // Nor sooner than without being asked.
    assert.equal(wait(3, 60 * S, 0.5), 600 * S);
  });
});
