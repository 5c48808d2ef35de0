/**
 * One cycle of 13,827 markets, from the bodies of the exchanges in hand to the acknowledgement of
 * the server, beside the time of posting the same lines ready-made and nothing else. Interleaved,
 * medians, both engines as processes of their own; also how long the event loop stood still, the
 * CPU time of both processes, and the least that such a cycle can do without (floor.ts).
 * Usage: node --expose-gc dist/bench/cycle.js [cycles] [embedded|influxd|both] [thread|inline]
 */
import { loadavg } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { type FloorTimes, startFloor } from './floor.ts';
import { collectGarbage, cycle, LoopWatch, startIngest, TURNS } from './ingest.ts';
import { median } from './median.ts';
import { type Server, startServers } from './servers.ts';
import { threadsCpuMs } from './thread-cpu.ts';

const RATIO_AIM = 1.5;
const BLOCKED_MS_AIM = 50;
const MINUTE_MS = 60_000;
/** So many rounds until all code is compiled. */
const WARM_UP = 8;
/** The lines of a cycle as the writer would send them, caught on their way. */
async function linesOf(turn: number, slotMs: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const target: Pick<Influx, 'write'> = {
    async write(lines, { gzip }) {
      parts.push(gzip ? gunzipSync(lines) : Buffer.from(lines));
      return { status: 204, headers: {}, text: '' };
    },
  };
  const ingest = await startIngest(target, { inline: true });
  await cycle(ingest, turn, slotMs);
  await ingest.close();
  return Buffer.concat(parts);
}

/** The same lines at another time. */
function retimed(lines: Buffer, fromMs: number, toMs: number): Buffer {
  return Buffer.from(lines.toString().replaceAll(` ${fromMs}000000\n`, ` ${toMs}000000\n`));
}

interface Round {
  readonly cycleMs: number;
  readonly postMs: number;
  readonly blockedMs: number;
  /** CPU milliseconds of this process and of the server's while the cycle ran. */
  readonly cpu: readonly [number, number];
  /** Of the server's while it took the ready-made lines. */
  readonly postCpu: number;
}

/** Watches CPU time too. */
class Watch extends LoopWatch {
  readonly #pid: number;
  cpu: readonly [number, number] = [0, 0];

  constructor(pid: number) {
    super();
    this.#pid = pid;
  }

  override over<T>(work: () => Promise<T>): Promise<T> {
    return super.over(async () => {
      const before = [threadsCpuMs(process.pid), threadsCpuMs(this.#pid)] as const;
      const result = await work();
      const [own, served] = before;
      this.cpu = [threadsCpuMs(process.pid) - own, threadsCpuMs(this.#pid) - served];
      return result;
    });
  }
}

async function compare(server: Server, influx: Influx, rounds: number, inline: boolean) {
  const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 4 * (rounds + 8) * MINUTE_MS;
  const ready: Buffer[] = [];
  for (let turn = 0; turn < TURNS; turn++) ready.push(await linesOf(turn, startMs));
  // A slot of its own for each: points that replace others go another way.
  let slotMs = startMs;
  const bodyOf = (turn: number) => {
    slotMs += MINUTE_MS;
    return retimed(ready[turn % TURNS] as Buffer, startMs, slotMs);
  };
  const ingest = await startIngest(influx, { inline, ...connectionsOf(server) });
  const done: Round[] = [];
  for (let turn = 0; turn < WARM_UP + rounds; turn++) {
    slotMs += MINUTE_MS;
    const watch = new Watch(server.pid);
    const cycleMs = await cycle(ingest, turn, slotMs, watch);
    const body = bodyOf(turn);
    await collectGarbage();
    const servedMs = threadsCpuMs(server.pid);
    const postMs = await post(influx, body);
    const postCpu = threadsCpuMs(server.pid) - servedMs;
    const { maxMs: blockedMs, cpu } = watch;
    if (turn >= WARM_UP) done.push({ cycleMs, postMs, blockedMs, cpu, postCpu });
  }
  await ingest.close();
  report(server.name, lineCount(ready[0]), done);
  // Behind the others: its threads would go on collecting their garbage beside them.
  const floor = await startFloor();
  const least: FloorTimes[] = [];
  for (let turn = 0; turn < WARM_UP + rounds; turn++) {
    const body = bodyOf(turn);
    await collectGarbage();
    const times = await floor.run(ingest.http.asked, body, () => post(influx, body));
    if (turn >= WARM_UP) least.push(times);
  }
  await floor.close();
  reportFloor(least);
}

/** As the product does it: the embedded engine reads one request at a time. */
function connectionsOf({ name }: Server): { connections?: number } {
  return name === 'embedded' ? { connections: 1 } : {};
}

const lineCount = (lines: Buffer | undefined): number =>
  (lines?.toString().split('\n').length ?? 1) - 1;

function report(name: string, lines: number, rounds: readonly Round[]): void {
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  const all = (of: (round: Round) => number) => rounds.map((each) => of(each).toFixed(0)).join(' ');
  const post = ({ postMs }: Round) => postMs;
  const ms = (of: (round: Round) => number) => `${middle(of).toFixed(0)} ms`;
  console.log(`${name}: ${lines} lines; cycle ${ms((r) => r.cycleMs)}, post ${ms(post)}`);
  console.log(`  blocked ${all((r) => r.blockedMs)}`);
  console.log(`  cycles ${all((r) => r.cycleMs)}`);
  console.log(`  posts  ${all(post)}`);
  const cpu = `${ms((r) => r.cpu[0])} here and ${ms((r) => r.cpu[1])} in the server`;
  console.log(`  CPU of a cycle: ${cpu}; of a post ${ms((r) => r.postCpu)} in the server`);
  const ratio = middle((r) => r.cycleMs / post(r));
  const most = Math.max(...rounds.map((r) => r.blockedMs));
  console.log(`cycle/post ${name}: ${ratio.toFixed(2)} (wanted at most ${RATIO_AIM})`);
  console.log(`loop blocked ${name}: ${most.toFixed(0)} ms (wanted at most ${BLOCKED_MS_AIM})`);
}

function reportFloor(rounds: readonly FloorTimes[]): void {
  const ms = (of: (times: FloorTimes) => number) => `${median(rounds.map(of)).toFixed(0)} ms`;
  const steps = `${ms((t) => t.parseMs)}, ${ms((t) => t.syncMs)}, ${ms((t) => t.postMs)}`;
  const ratio = median(rounds.map((t) => (t.parseMs + t.syncMs + t.postMs) / t.postMs));
  console.log(`floor: JSON.parse by two threads, sync, post: ${steps}; ${ratio.toFixed(2)} posts`);
}

async function post(influx: Influx, body: Buffer): Promise<number> {
  const startMs = performance.now();
  const { status, text } = await influx.write(body, { gzip: false });
  if (status !== 204) throw new Error(`${status} ${text}`);
  return performance.now() - startMs;
}

const rounds = Number(process.argv[2] ?? 15);
const which = process.argv[3] ?? 'both';
const inline = process.argv[4] === 'inline';
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${rounds} rounds, ${inline ? 'inline' : 'thread'}`);
for (const server of await startServers(which)) {
  const influx = createInflux({ ...server, timeoutMs: 60_000, clock });
  try {
    await compare(server, influx, rounds, inline);
  } finally {
    await influx.close();
    await server.stop();
  }
}
