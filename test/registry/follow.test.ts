import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import type { Listener } from '../../registry/database.ts';
import { type FollowingOptions, followChannel } from '../../registry/follow.ts';
import { ManualClock } from '../helpers/clock.ts';

const EVERY_MS = 5_000;

/** A channel by hand: `listeners` of all connections so far, `rounds` with their news. */
function channelOf(options: Partial<FollowingOptions> = {}) {
  const clock = new ManualClock();
  const listeners: Listener[] = [];
  const rounds: boolean[] = [];
  const failures: string[] = [];
  const state = { away: false, closed: 0 };
  const following = followChannel({
    database: {
      async listen(channel, listener) {
        assert.equal(channel, 'news');
        if (state.away) throw new TidemarkError('unavailable', 'away');
        listeners.push(listener);
        const close = async () => {
          state.closed += 1;
        };
        return { close };
      },
    },
    ...{ channel: 'news', clock, everyMs: EVERY_MS },
    round: (news) => void rounds.push(news),
    failed: (error) => void failures.push((error as Error).message),
    ...options,
  });
  const cut = () => listeners.at(-1)!.lost(new TidemarkError('unavailable', 'cut'));
  return { clock, listeners, rounds, failures, state, following, cut };
}

describe('following a channel', () => {
  it('is a round at the start, one for what is heard, and one when nothing was', async () => {
    const { clock, listeners, rounds, following } = channelOf();
    await clock.advance(0);
    assert.deepEqual(rounds, [false]);
    listeners[0]!.heard('');
    await clock.advance(0);
    assert.deepEqual(rounds, [false, true]);
    await clock.advance(EVERY_MS);
    assert.deepEqual(rounds, [false, true, false]);
    following.wake();
    await clock.advance(0);
    assert.deepEqual(rounds, [false, true, false, false]);
    assert.equal(listeners.length, 1);
    await following.close();
  });

  it('is another round for what is heard while one runs, and never two at once', async () => {
    const ends: (() => void)[] = [];
    let running = 0;
    const { clock, listeners, following } = channelOf({
      async round() {
        running += 1;
        assert.equal(running, 1);
        await new Promise<void>((end) => ends.push(end));
        running -= 1;
      },
    });
    await clock.advance(0);
    listeners[0]!.heard('');
    listeners[0]!.heard('');
    await clock.advance(0);
    assert.equal(ends.length, 1);
    ends[0]!();
    await clock.advance(0);
    assert.equal(ends.length, 2);
    ends[1]!();
    await clock.advance(0);
    assert.equal(ends.length, 2);
    await following.close();
  });

  it('goes on at once with a new connection where one broke, with news', async () => {
    const { clock, listeners, rounds, cut, following } = channelOf();
    await clock.advance(EVERY_MS);
    cut();
    await clock.advance(0);
    assert.equal(listeners.length, 2);
    assert.deepEqual(rounds, [false, false, true]);
    await following.close();
  });

  it('gives a connection time that breaks as soon as it is made', async () => {
    const { clock, listeners, cut, following } = channelOf();
    await clock.advance(0);
    cut();
    await clock.advance(EVERY_MS - 1);
    assert.equal(listeners.length, 1);
    await clock.advance(1);
    assert.equal(listeners.length, 2);
    await following.close();
  });

  it('says once that it fails, and works what was heard before', async () => {
    let broken = false;
    const rounds: boolean[] = [];
    const { clock, listeners, failures, state, following } = channelOf({
      round(news) {
        if (broken) throw new Error('broken');
        rounds.push(news);
      },
    });
    await clock.advance(0);
    broken = true;
    listeners[0]!.heard('');
    await clock.advance(2 * EVERY_MS);
    assert.deepEqual(failures, ['broken']);
    broken = false;
    await clock.advance(EVERY_MS);
    assert.deepEqual(rounds, [false, true]);
    state.away = true;
    listeners[0]!.lost(new TidemarkError('unavailable', 'cut'));
    await clock.advance(3 * EVERY_MS);
    assert.deepEqual(failures, ['broken', 'away']);
    await following.close();
  });

  it('ends with the round that runs, and lets go of the connection', async () => {
    let end = () => {};
    const { clock, state, following } = channelOf({
      round: () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    });
    await clock.advance(0);
    let closed = false;
    const closing = following.close().then(() => {
      closed = true;
    });
    await clock.advance(EVERY_MS);
    assert.ok(!closed);
    end();
    await closing;
    assert.equal(state.closed, 1);
    assert.equal(clock.waiting, 0);
  });
});
