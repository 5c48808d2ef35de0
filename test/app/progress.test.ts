import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProgress, type ProgressOptions } from '../../app/progress.ts';
import type { BackfillView } from '../../ingest/prices/backfill/desk.ts';

const view = (minutesDone: number, more: Partial<BackfillView> = {}): BackfillView => ({
  ...{ id: 1, cause: 'request', state: 'open', fromMs: 0, toMs: 1, notes: [], createdMs: 0 },
  ...{ finishedMs: null, leftMs: 90_000 },
  lanes: [
    {
      ...{ backfill: 1, exchange: 'x', adapter: 'x', markets: 2_000, done: minutesDone, failed: 0 },
      ...{ minutes: 2_000, minutesDone, requests: 3, candles: minutesDone * 2, rows: 1_234 },
      error: null,
    },
  ],
  ...more,
});

function shown(style: ProgressOptions['style'], columns = 200) {
  let atMs = 0;
  let text = '';
  const write = (piece: string) => {
    text += piece;
  };
  const progress = createProgress({ write, style, columns, nowMs: () => atMs });
  return {
    progress,
    wait: (ms: number) => {
      atMs += ms;
    },
    take: () => {
      const taken = text;
      text = '';
      return taken;
    },
  };
}

describe('the progress of a backfill', () => {
  it('is one line that changes, with speed and the time that is left', () => {
    const { progress, wait, take } = shown('bar');
    progress.update(view(0));
    const bar = `[${'-'.repeat(24)}]   0.0 %  0/2,000 markets  1,234 points  0 candles/s  ETA 2 min`;
    assert.equal(take(), `\r\u001b[2K${bar}`);
    wait(10_000);
    progress.update(view(500));
    assert.match(take(), /\[#{6}-{18}\] {2}25\.0 %.* 100 candles\/s {2}ETA 30 s$/);
    progress.note('something');
    assert.match(take(), /^\r.\[2Ksomething\n\[#{6}-/);
    wait(10_000);
    progress.update(view(2_000, { state: 'done' }));
    progress.end();
    assert.match(take(), /100\.0 %.* done\n$/);
    progress.end();
    assert.equal(take(), '');
  });

  it('forgets how fast it was before a pause', () => {
    const { progress, wait, take } = shown('bar');
    progress.update(view(0));
    for (let second = 0; second < 60; second += 1) {
      wait(1_000);
      progress.update(view(second < 10 ? second * 100 : 900));
    }
    assert.match(take(), / 0 candles\/s {2}ETA 2 min$/);
  });

  it('fits into the terminal', () => {
    const { progress, take } = shown('bar', 40);
    progress.update(view(0));
    assert.equal(take().length, '\r\u001b[2K'.length + 39);
  });

  it('without a terminal is a line every ten seconds, and one at the end', () => {
    const { progress, wait, take } = shown('lines');
    for (let second = 0; second <= 21; second += 1) {
      progress.update(view(second));
      wait(1_000);
    }
    assert.equal(take().split('\n').length - 1, 3);
    progress.update(view(2_000, { state: 'done' }));
    progress.note('a note');
    assert.match(take(), /^\[#{24}\].*done\na note\n$/);
  });

  it('for a program is a line of JSON each time', () => {
    const { progress, wait, take } = shown('json');
    progress.update(view(0));
    wait(1_000);
    progress.update(view(500, { lanes: view(500).lanes.map((lane) => ({ ...lane, failed: 1 })) }));
    const [first, second] = take()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(first!.leftMs, 90_000);
    assert.deepEqual(second, {
      ...{ percent: 25, markets: 2_000, marketsDone: 500, failed: 1, minutes: 2_000 },
      ...{ minutesDone: 500, requests: 3, candles: 1_000, rows: 1_234, state: 'open' },
      ...{ minutesPerSecond: 500, candlesPerSecond: 1_000, leftMs: 3_000 },
    });
  });
});
