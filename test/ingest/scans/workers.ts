import { TidemarkError } from '../../../core/errors.ts';
import { silentLog } from '../../../core/log.ts';
import type { Point, PointBatch, PointSink } from '../../../core/point.ts';
import type { Reason } from '../../../ingest/scans/outcome.ts';
import type { ScanResult } from '../../../ingest/scans/result.ts';
import type { ScanTarget } from '../../../ingest/scans/target.ts';
import { type ScanWorkers, startWorker, type WorkerOptions } from '../../../ingest/scans/worker.ts';
import type { WorkerMetrics } from '../../../ingest/scans/worker-metrics.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { ScanRegistry } from '../../helpers/scan-registry.ts';

/** A result with nothing in it but its end. */
export function resultOf(reason: Reason, more: Partial<ScanResult> = {}): ScanResult {
  const base = { startedMs: 0, totalMs: 5, phases: {}, hops: [], truncated: false };
  return { ok: reason === 'ok', reason, text: reason, ...base, ...more };
}

export interface Call {
  readonly target: ScanTarget;
  readonly atMs: number;
  end(result: ScanResult): void;
}

/** Scans that take as long as the test says, or that the test ends itself. */
export class FakeProber {
  readonly calls: Call[] = [];
  readonly open = new Set<Call>();
  most = 0;
  /** After how long which result; undefined: it is left to the test. */
  answer: (target: ScanTarget) => { ms: number; result: ScanResult } | undefined = () => ({
    ms: 10,
    result: resultOf('ok', { status: 200 }),
  });
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  scan(target: ScanTarget, signal?: AbortSignal): Promise<ScanResult> {
    return new Promise((resolve) => {
      const end = (result: ScanResult): void => {
        this.open.delete(call);
        resolve(result);
      };
      const call: Call = { target, atMs: this.#clock.nowMs(), end };
      this.calls.push(call);
      this.open.add(call);
      this.most = Math.max(this.most, this.open.size);
      signal?.addEventListener('abort', () => end(resultOf('cancelled')));
      const given = this.answer(target);
      if (!given) return;
      this.#clock.sleep(given.ms).then(
        () => end(given.result),
        () => undefined,
      );
    });
  }
}

/** Keeps each point once, and how often points came. */
export class FakeSink implements PointSink {
  readonly points = new Map<string, Point>();
  accepted = 0;
  full = false;

  async accept(points: PointBatch): Promise<void> {
    if (this.full) throw new TidemarkError('unavailable', 'the disk is full');
    for (const point of points) {
      this.accepted += 1;
      this.points.set(`${point.tags.monitor} ${point.timeNs / 1_000_000n}`, point);
    }
  }
}

export class Tally implements WorkerMetrics {
  readonly outcomes: string[] = [];
  readonly lateS: number[] = [];
  /** By name: stale, broken, missed, reprobed, adopted, and why claims were given back. */
  readonly counts: Record<string, number> = {};

  saved(reason: string): void {
    this.outcomes.push(reason);
  }
  late(seconds: number): void {
    this.lateS.push(seconds);
  }
  stale(): void {
    this.#add('stale', 1);
  }
  broken(): void {
    this.#add('broken', 1);
  }
  missed(slots: number): void {
    this.#add('missed', slots);
  }
  reprobed(): void {
    this.#add('reprobed', 1);
  }
  adopted(results: number): void {
    if (results > 0) this.#add('adopted', results);
  }
  released(why: string, claims: number): void {
    this.#add(why, claims);
  }
  lapsed(): void {
    this.#add('lapses', 1);
  }

  #add(name: string, by: number): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}

export interface TestWorker extends ScanWorkers {
  readonly prober: FakeProber;
  readonly sink: FakeSink;
  readonly tally: Tally;
}

export interface TestWorkerOptions extends Partial<WorkerOptions> {
  readonly clock: ManualClock;
  readonly registry: ScanRegistry;
  readonly id?: string;
}

/** A worker with everything around it made up. */
export function testWorker({ clock, registry, id = 'me', ...more }: TestWorkerOptions): TestWorker {
  const prober = new FakeProber(clock);
  const sink = new FakeSink();
  const tally = new Tally();
  const worker = startWorker({
    ledger: registry.ledger(id),
    ...{ prober, sink, clock, metrics: tally, log: silentLog, random: () => 0.5 },
    ...more,
  });
  return {
    ...{ prober, sink, tally },
    wake: () => worker.wake(),
    state: () => worker.state(),
    close: () => worker.close(),
  };
}

/** What a test of workers begins with, and the workers that it starts. */
export interface Stage {
  readonly clock: ManualClock;
  readonly registry: ScanRegistry;
  readonly workers: readonly TestWorker[];
  readonly start: (more?: Partial<TestWorkerOptions>) => TestWorker;
  /** Closes the workers, with the registry back and every scan at its end. */
  readonly close: () => Promise<void>;
}

export function openStage(): Stage {
  const clock = new ManualClock();
  const registry = new ScanRegistry(clock);
  const workers: TestWorker[] = [];
  return {
    ...{ clock, registry, workers },
    start(more = {}) {
      const worker = testWorker({ clock, registry, ...more });
      workers.push(worker);
      return worker;
    },
    async close() {
      registry.away = false;
      const closing = Promise.all(workers.map((worker) => worker.close()));
      const open = workers.flatMap(({ prober }) => [...prober.open]);
      for (const call of open) call.end(resultOf('cancelled'));
      await clock.advance(30_000);
      await closing;
    },
  };
}
