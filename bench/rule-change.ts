/**
 * For how long a worker of articles holds the event loop when one of many rules changes: rules are
 * read anew, and compiled. Beside it the same loop with nothing to do. PGlite, which has a thread
 * of its own; no feeds.
 * Usage: node dist/bench/rule-change.js [rules] [changes]
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock as clock } from '../core/clock.ts';
import { silentLog as log } from '../core/log.ts';
import { openRegistry } from '../registry/open.ts';
import { addRule, changeRule, type RuleSpec } from '../registry/rules.ts';
import { openWorker } from '../test/ingest/articles/worker-stage.ts';
import { median } from './median.ts';

const count = Number(process.argv[2] ?? 1_000);
const changes = Number(process.argv[3] ?? 7);
/** Longer than anything that follows a change. */
const WATCHED_MS = 2_000;

const plain = { any: [], all: [], none: [] };
/** Four of five look for names, one of five for a pattern. */
function specOf(n: number): RuleSpec {
  const query =
    n % 5 === 0
      ? `/\\bname${n}\\b.{0,40}(approval|hack)/i`
      : `(name${n} OR "spot name${n}") AND -rumor`;
  return { ...plain, query };
}

const dir = await mkdtemp(join(tmpdir(), 'tidemark-rules-'));
const database = await openRegistry({ databaseUrl: undefined, dataDir: dir, log });
const ids: number[] = [];
for (let n = 0; n < count; n += 1) {
  const rule = await addRule(database, { name: `rule ${n}`, feeds: null, spec: specOf(n) });
  ids.push(rule.id);
}
const sink = { accept: async () => undefined };
const { articles, close } = openWorker({ database, id: 'bench', sink });
await clock.sleep(WATCHED_MS);

interface Held {
  readonly mostMs: number;
  readonly cpuMs: number;
}

/** CPU of the main thread alone, as Linux counts it: no other load is in it. */
function mainCpuMs(): number {
  const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(ns) / 1e6;
}

/** The longest that the loop was held, and what the main thread took of a CPU. */
async function watch(work: () => Promise<unknown>): Promise<Held> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const before = mainCpuMs();
  delay.enable();
  await work();
  await clock.sleep(WATCHED_MS);
  delay.disable();
  return { mostMs: delay.max / 1e6, cpuMs: mainCpuMs() - before };
}

const idle: Held[] = [];
const changed: Held[] = [];
for (let n = 0; n < changes; n += 1) {
  idle.push(await watch(async () => undefined));
  await changeRule(database, ids[n]!, { spec: specOf(count + n) });
  changed.push(await watch(async () => articles.rulesChanged()));
}
const shown = (held: readonly Held[]): string => {
  const most = held.map(({ mostMs }) => mostMs);
  const cpu = held.map(({ cpuMs }) => cpuMs);
  const used = `${median(cpu).toFixed(0)} ms (most ${Math.max(...cpu).toFixed(0)})`;
  const at = `${median(most).toFixed(0)} ms (most ${Math.max(...most).toFixed(0)})`;
  return `event loop held for ${at}; CPU of the main thread ${used}`;
};
console.log(`${count} rules, ${changes} changes of one; medians of ${WATCHED_MS} ms after each`);
console.log(`nothing to do: ${shown(idle)}`);
console.log(`a change: ${shown(changed)}`);
console.log(`load ${loadavg()[0]?.toFixed(1)}`);
await close();
await database.close();
await rm(dir, { recursive: true, force: true });
