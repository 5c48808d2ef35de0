import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSteps, type Step, sideBySide } from '../../app/steps.ts';
import { ManualClock } from '../helpers/clock.ts';

function shown(terminal: boolean) {
  const clock = new ManualClock();
  let text = '';
  const write = (piece: string) => {
    text += piece;
  };
  const line = (piece: string) => write(`${piece}\n`);
  const steps = createSteps({ terminal, write, line, columns: 80, clock });
  const take = () => {
    const taken = text;
    text = '';
    return taken;
  };
  return { clock, steps, take };
}

const third: Step = { done: 2, of: 12, name: '0003-backfills' };
const CLEAR = '\r\u001b[2K';

describe('steps of which nobody knows how long they take', () => {
  it('are a bar on a terminal, with which it is, of how many, and for how long', async () => {
    const { clock, steps, take } = shown(true);
    steps.tell(third);
    await clock.advance(900);
    assert.equal(take(), '', 'what takes no second is not shown');
    await clock.advance(2_200);
    const bar = `[####${'-'.repeat(20)}]`;
    assert.equal(take().split(CLEAR).at(-1), `${bar} 3 of 12: 0003-backfills, for 3 s`);
    steps.tell({ done: 6, of: 12, name: '0007-articles' });
    assert.equal(take(), `${CLEAR}[############------------] 7 of 12: 0007-articles`);
    steps.aside(() => assert.equal(take(), CLEAR));
    assert.equal(take(), `[############------------] 7 of 12: 0007-articles`);
    await clock.advance(125_900);
    assert.match(take(), /7 of 12: 0007-articles, for 2 min 5 s$/);
    await steps.end();
    assert.equal(take(), CLEAR);
    steps.tell(third);
    await steps.end();
    assert.deepEqual([take(), clock.waiting], ['', 0]);
  });

  it('are a line every ten seconds elsewhere', async () => {
    const { clock, steps, take } = shown(false);
    steps.tell(third);
    await clock.advance(9_000);
    assert.equal(take(), '');
    await clock.advance(16_000);
    assert.deepEqual(take().split('\n'), [
      '3 of 12: 0003-backfills, for 10 s',
      '3 of 12: 0003-backfills, for 20 s',
      '',
    ]);
    steps.tell({ done: 0, of: 0, name: 'waiting' });
    await clock.advance(10_000);
    assert.match(take(), /^waiting, for \d+ s\n$/);
    await steps.end();
    assert.equal(take(), '');
  });

  it('are told side by side, with what one of them is made of', async () => {
    const told: string[] = [];
    const { step, detail } = sideBySide(4, ({ done, of, name }) => {
      told.push(`${done}/${of} ${name}`);
    });
    let open = (): void => undefined;
    const engine = step('engine', new Promise<void>((resolve) => (open = resolve)));
    const registry = step('registry', Promise.resolve('here'));
    detail('registry', third);
    assert.equal(await registry, 'here');
    open();
    await engine;
    await assert.rejects(step('tasks', Promise.reject(new Error('no'))), /^Error: no$/);
    assert.deepEqual(told, [
      '0/4 engine',
      '0/4 engine, registry',
      '0/4 engine, registry (3 of 12: 0003-backfills)',
      '1/4 engine',
      '2/4 tasks',
    ]);
  });
});
