import type { Metrics } from '../../core/metrics.ts';

/** What the workers count. */
export interface WorkerMetrics {
  /** A result was recorded. */
  saved(reason: string): void;
  /** A result was refused: its claim was lost, or its target changed meanwhile. */
  stale(): void;
  /** A result that the registry does not take. */
  broken(): void;
  /** A scan began. */
  late(seconds: number): void;
  /** Slots that nobody began in their time. */
  missed(slots: number): void;
  /** A scan that another worker may have made before it was lost. */
  reprobed(): void;
  /** Claims that were given back, by why. */
  released(why: Release, claims: number): void;
  /** The lease had run out before it was renewed. */
  lapsed(): void;
  /** Results of others that were taken up. */
  adopted(results: number): void;
}

/** `over`: its slot passed before there was room; `lapsed`: the lease ran out before it began. */
export type Release = 'over' | 'lapsed' | 'crowded' | 'unknown' | 'stopped';

/** Read when metrics are. */
export interface WorkerLevels {
  readonly running: number;
  readonly waiting: number;
  readonly unsaved: number;
  readonly unspooled: number;
  readonly offline: boolean;
  /** Since the registry last answered; undefined: it never did. */
  readonly sinceAnswerMs: number | undefined;
}

const SECONDS = [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createWorkerMetrics(metrics: Metrics): WorkerMetrics {
  const count = (name: string, help: string, labels: readonly string[] = []) =>
    metrics.count({ name, help, labels });
  const scans = count('scans_total', 'Recorded scans by how they ended', ['outcome']);
  const stale = count('scans_stale_total', 'Results that were refused: the claim was lost');
  const broken = count('scans_broken_total', 'Results that the registry does not take');
  const missed = count('scan_slots_missed_total', 'Slots that nobody began in their time');
  const reprobed = count(
    'scans_reprobed_total',
    'Scans that another worker may have made before it was lost',
  );
  const released = count('scan_claims_released_total', 'Claims that were given back, by why', [
    'reason',
  ]);
  const lapses = count('scan_lease_lapses_total', 'Leases that ran out before they were renewed');
  const adopted = count('scans_adopted_total', 'Results of lost workers that were taken up');
  const late = metrics.spread({
    name: 'scan_late_seconds',
    help: 'From when a scan was due to when it began',
    buckets: SECONDS,
  });
  return {
    saved: (outcome) => scans.add({ outcome }),
    stale: () => stale.add(),
    broken: () => broken.add(),
    late: (seconds) => late.observe(seconds),
    missed: (slots) => missed.add({}, slots),
    reprobed: () => reprobed.add(),
    released: (reason, claims) => released.add({ reason }, claims),
    lapsed: () => lapses.add(),
    adopted: (results) => adopted.add({}, results),
  };
}

/** Levels of a worker, and how much is due in the whole registry. */
export function showWorker(
  metrics: Metrics,
  levels: () => WorkerLevels,
  due: () => Promise<number>,
): void {
  const level = (name: string, help: string) => metrics.level({ name, help });
  const running = level('scans_in_flight', 'Scans under way, until they are saved');
  const waiting = level('scans_waiting', 'Scans whose slot has come and that wait for room');
  const unsaved = level('scans_unsaved', 'Results that wait for the registry');
  const unspooled = level('scans_unspooled', 'Results that wait for the spool');
  const offline = level('scans_offline', '1 while this machine reaches nothing at all');
  const age = level('scans_registry_seconds', 'Since the registry last answered');
  const dueNow = level('scans_due', 'Monitors of the registry whose slot has come');
  metrics.onRead(async () => {
    const now = levels();
    running.set(now.running);
    waiting.set(now.waiting);
    unsaved.set(now.unsaved);
    unspooled.set(now.unspooled);
    offline.set(now.offline ? 1 : 0);
    if (now.sinceAnswerMs !== undefined) age.set(now.sinceAnswerMs / 1000);
    // A reading of metrics must not fail because the registry is away: the probe says so.
    const count = await due().catch(() => undefined);
    if (count !== undefined) dueNow.set(count);
  });
}
