/**
 * Reading the bodies of one cycle, by exchange: from bytes to rows, beside JSON.parse of the same
 * bytes and nothing else, which is the floor that anybody would name. CPU ms of the process (so
 * garbage collection counts, wherever it falls), interleaved, medians; every round reads a turn
 * with other prices. Usage: node dist/bench/parse.js [rounds]
 */
import { loadavg } from 'node:os';
import { exchanges } from '../ingest/prices/exchanges/list.ts';
import { BodyReader } from '../ingest/prices/parser.ts';
import { makeBodies } from './bodies.ts';
import { median } from './median.ts';

const RATIO_AIM = 1;
const TURNS = 3;
const WARM_UP = 8;

interface Poll {
  readonly id: string;
  readonly reader: BodyReader;
  /** The bodies of each turn. */
  readonly turns: Buffer[][];
  readonly lists: Buffer[];
}

function makePolls(): Poll[] {
  const polls: Poll[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [i, { id, answer }] of makeBodies(turn).entries()) {
      const adapter = exchanges.find((each) => each.id === id);
      if (!adapter) throw new Error(id);
      const lists = adapter.requests.lists.map(({ path }) => answer(path));
      polls[i] ??= { id, reader: new BodyReader(adapter), turns: [], lists };
      const { reader, turns } = polls[i];
      if (lists.length > 0) reader.readLists(lists);
      turns.push(reader.tickerPaths().map(answer));
    }
  }
  return polls;
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

interface Cost {
  readonly ours: number[];
  readonly floor: number[];
  rows: number;
}

const newCost = (): Cost => ({ ours: [], floor: [], rows: 0 });
const parseAll = (bodies: readonly Buffer[]) => bodies.map((body) => JSON.parse(body.toString()));

function measure(polls: readonly Poll[], rounds: number, kind: 'tickers' | 'lists') {
  const costs = new Map<string, Cost>();
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const sum = { ours: 0, floor: 0 };
    for (const { id, reader, turns, lists } of polls) {
      const bodies = kind === 'lists' ? lists : (turns[(round + WARM_UP) % TURNS] as Buffer[]);
      if (bodies.length === 0) continue;
      const cost = costs.get(id) ?? newCost();
      costs.set(id, cost);
      const ours = cpuMs(() => {
        if (kind === 'lists') cost.rows = reader.readLists(bodies);
        else cost.rows = reader.readTickers(bodies).rows.length;
      });
      const floor = cpuMs(() => parseAll(bodies));
      if (round < 0) continue;
      cost.ours.push(ours);
      cost.floor.push(floor);
      sum.ours += ours;
      sum.floor += floor;
    }
    if (round < 0) continue;
    const whole = costs.get('all') ?? newCost();
    whole.ours.push(sum.ours);
    whole.floor.push(sum.floor);
    costs.set('all', whole);
  }
  return costs;
}

function report(polls: readonly Poll[], costs: ReadonlyMap<string, Cost>, kind: string): void {
  console.log(`${kind}          KB   rows   ours  floor  ratio   (CPU ms, medians)`);
  for (const [id, { ours, floor, rows }] of costs) {
    const poll = polls.find((each) => each.id === id);
    const bodies = (kind === 'lists' ? poll?.lists : poll?.turns[0]) ?? [];
    const size = bodies.reduce((sum, body) => sum + body.length, 0) / 1024;
    const [a, b] = [median(ours), median(floor)];
    console.log(
      `${id.padEnd(11)}${size.toFixed(0).padStart(6)} ${String(rows).padStart(6)} ` +
        `${a.toFixed(2).padStart(6)} ${b.toFixed(2).padStart(6)} ${(a / b).toFixed(2).padStart(6)}`,
    );
  }
}

const rounds = Number(process.argv[2] ?? 30);
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${rounds} rounds`);
const polls = makePolls();
for (const kind of ['tickers', 'lists'] as const) {
  const costs = measure(polls, rounds, kind);
  report(polls, costs, kind);
  const { ours = [], floor = [] } = costs.get('all') ?? {};
  const ratio = median(ours.map((ms, i) => ms / (floor[i] as number)));
  console.log(`${kind}: ${ratio.toFixed(2)} x JSON.parse (wanted at most ${RATIO_AIM})\n`);
}
