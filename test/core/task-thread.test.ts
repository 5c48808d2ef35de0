import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { type ErrorCode, isCode } from '../../core/errors.ts';
import { movable } from '../../core/movable.ts';
import { TaskThread } from '../../core/task-thread.ts';
import { ManualClock } from '../helpers/clock.ts';
import type { TestAnswer, TestTask } from './task-program.ts';

const PROGRAM = new URL('./task-program.js', import.meta.url);
const MINUTE = { timeoutMs: 60_000 };

type TestThread = TaskThread<TestTask, TestAnswer, number>;
let thread: TestThread;

function open(options: { clock?: ManualClock; program?: URL; memoryMbMax?: number } = {}) {
  const { clock = systemClock, program = PROGRAM, memoryMbMax = 64 } = options;
  thread = new TaskThread({ program, name: 'test thread', clock, memoryMbMax });
  return thread;
}

const answer = (options = {}) => thread.run({ do: 'answer' }, { ...MINUTE, ...options });
const refusedAs = (work: Promise<unknown>, code: ErrorCode, message: RegExp) =>
  assert.rejects(work, (error) => isCode(error, code) && message.test(error.message));

describe('a task thread', () => {
  afterEach(() => thread.close());

  it('answers in the order asked, by one thread', async () => {
    open();
    const order: number[] = [];
    const all = [0, 1, 2].map((at) => answer().finally(() => order.push(at)));
    const threads = (await Promise.all(all)).map((each) => each.thread);
    assert.deepEqual(order, [0, 1, 2]);
    assert.equal(new Set(threads).size, 1);
  });

  it('takes parts before the answer, in order', async () => {
    open();
    const parts: number[] = [];
    const onPart = (part: number) => void parts.push(part);
    await thread.run({ do: 'parts', count: 3 }, { ...MINUTE, onPart });
    assert.deepEqual(parts, [0, 1, 2]);
  });

  it('moves memory and does not copy it', async () => {
    open();
    const bytes = movable(Buffer.alloc(100_000));
    const task = { do: 'answer', bytes } as const;
    const found = await thread.run(task, { ...MINUTE, transfer: [bytes.buffer] });
    assert.equal(found.bytes, 100_000);
    assert.equal(bytes.length, 0);
  });

  it('ends a task that takes too long, and only that', async () => {
    const clock = new ManualClock();
    open({ clock });
    const before = await answer();
    const endless = thread.run({ do: 'loop' }, { timeoutMs: 1_000 });
    const next = answer();
    const refused = refusedAs(endless, 'timeout', /^the test thread took more than 1000 ms$/);
    await clock.advance(1_000);
    await refused;
    assert.notEqual((await next).thread, before.thread);
    assert.equal(clock.waiting, 0);
  });

  it('counts the time of a task from when its turn comes', async () => {
    const clock = new ManualClock();
    open({ clock });
    const first = refusedAs(thread.run({ do: 'loop' }, { timeoutMs: 1_000 }), 'timeout', /1000/);
    const second = refusedAs(thread.run({ do: 'loop' }, { timeoutMs: 700 }), 'timeout', /700/);
    await clock.advance(1_000);
    await first;
    assert.equal(clock.waiting, 1);
    await clock.advance(700);
    await second;
  });

  for (const task of ['throw', 'reject'] as const) {
    it(`says what a task threw (${task}), and goes on with another thread`, async () => {
      open();
      const failed = refusedAs(thread.run({ do: task }, MINUTE), 'internal', /no such luck/);
      await Promise.all([failed, answer()]);
    });
  }

  it('survives a thread that ends, and a program that is not there', async () => {
    open();
    await refusedAs(thread.run({ do: 'exit' }, MINUTE), 'internal', /ended with 3/);
    await answer();
    await thread.close();
    open({ program: new URL('./no-such-program.js', import.meta.url) });
    await refusedAs(answer(), 'internal', /no-such-program/);
    await refusedAs(answer(), 'internal', /no-such-program/);
  });

  it('ends a task that takes too much memory, and only that', async () => {
    open({ memoryMbMax: 32 });
    const hoarding = thread.run({ do: 'hoard' }, MINUTE);
    await Promise.all([refusedAs(hoarding, 'too-large', /more than 32 MB/), answer()]);
  });

  it('refuses what cannot be sent, and goes on', async () => {
    open();
    const { buffer } = movable(Buffer.alloc(8));
    const twice = { ...MINUTE, transfer: [buffer, buffer] };
    await refusedAs(thread.run({ do: 'answer' }, twice), 'internal', /cannot be given its task/);
    await answer();
  });

  it('leaves out a task that is given up before its turn', async () => {
    open();
    const leave = new AbortController();
    const first = answer();
    const given = thread.run({ do: 'exit' }, { ...MINUTE, signal: leave.signal });
    leave.abort();
    await refusedAs(given, 'cancelled', /was not waited for/);
    assert.equal((await first).thread, (await answer()).thread);
    await refusedAs(answer({ signal: leave.signal }), 'cancelled', /was not waited for/);
  });

  it('lets a task run that is given up, and drops its parts and answer', async () => {
    open();
    const before = await answer();
    const leave = new AbortController();
    const parts: number[] = [];
    const given = thread.run(
      { do: 'parts', count: 3 },
      { ...MINUTE, signal: leave.signal, onPart: (part) => void parts.push(part) },
    );
    leave.abort();
    await refusedAs(given, 'cancelled', /was not waited for/);
    assert.equal((await answer()).thread, before.thread);
    assert.deepEqual(parts, []);
  });

  it('refuses what runs, what waits and what is asked after it is closed', async () => {
    open();
    const running = refusedAs(thread.run({ do: 'loop' }, MINUTE), 'cancelled', /is closed/);
    const waiting = refusedAs(answer(), 'cancelled', /is closed/);
    await thread.close();
    await Promise.all([running, waiting, refusedAs(answer(), 'cancelled', /is closed/)]);
    await thread.close();
  });

  it('copies bytes that do not own their memory', () => {
    const memory = Buffer.from(new ArrayBuffer(16));
    assert.equal(movable(memory).buffer, memory.buffer);
    const part = memory.subarray(4, 8);
    assert.notEqual(movable(part).buffer, memory.buffer);
    assert.deepEqual([...movable(part)], [...part]);
  });
});
