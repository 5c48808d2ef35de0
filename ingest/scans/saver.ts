import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Point, PointSink } from '../../core/point.ts';
import type { SavedScan, WaitingResult } from '../../registry/scans.ts';
import { backoffMs } from '../writer/backoff.ts';
import type { Ledger } from './ledger.ts';
import { keptPoint } from './points.ts';

/** What became of a result. `broken`: the registry does not take it, however often. */
export type Saving = 'saved' | 'stale' | 'broken';

/** A result on its way. */
export interface Ended {
  readonly scan: SavedScan;
  readonly point: Point;
  /** Called once, when the registry has it or has refused it. */
  readonly done: (saving: Saving) => void;
}

export interface SaverOptions {
  readonly ledger: Pick<Ledger, 'save' | 'own' | 'adopt' | 'forget'>;
  readonly sink: PointSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const GROUP_MAX = 500;
/** What ends within so long goes together. */
const GATHER_MS = 50;
/** What is adopted goes in steps, so many at a time. */
const STEP = 500;
const STEPS_MAX = 20;
const BACKOFF = { baseMs: 100, maxMs: 1_000 };
/** What fails alone so often is given up, for the sake of its monitor. */
const TRIES_MAX = 5;

interface Stored {
  readonly key: Pick<WaitingResult, 'monitor' | 'slotMs'>;
  readonly point: Point;
}

/**
 * Results into the registry, from there into the spool: each as it ends, in groups of whatever has
 * ended meanwhile. While the registry is away they stay here and are tried again until they are
 * saved or refused; what is saved and not in the spool is known to the registry.
 */
export class Saver {
  readonly #options: SaverOptions;
  readonly #queue: Ended[] = [];
  /** Not saved so far, by monitor and slot. */
  readonly #inHand = new Set<string>();
  /** Saved and on their way into the spool. */
  readonly #storing = new Set<string>();
  readonly #stop = new AbortController();
  #saving: Promise<void> | undefined;
  #hurry = false;
  readonly #unspooled: Stored[] = [];
  #spooling: Promise<void> | undefined;
  #spoolError: string | undefined;

  constructor(options: SaverOptions) {
    this.#options = options;
  }

  /** Results that the registry does not have. */
  get unsaved(): number {
    return this.#inHand.size;
  }

  /** Results that the registry has and the spool does not. */
  get unspooled(): number {
    return this.#storing.size;
  }

  /** Why the spool takes nothing, while it does not. */
  get spoolError(): string | undefined {
    return this.#spoolError;
  }

  add(ended: Ended): void {
    this.#inHand.add(keyOf(ended.scan));
    this.#queue.push(ended);
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = undefined;
    });
  }

  /** Resolves when everything is in the spool, or as soon as `signal` says so. */
  async flush(signal: AbortSignal): Promise<void> {
    const end = (): void => this.#stop.abort();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    this.#hurry = true;
    while (this.#saving) await this.#saving;
    while (this.#spooling) await this.#spooling;
    signal.removeEventListener('abort', end);
  }

  /**
   * Takes up what was saved and never stored: by workers that are gone, and here, where an answer
   * was lost on the way.
   */
  async adopt(): Promise<number> {
    const { ledger } = this.#options;
    let count = 0;
    for (const find of [ledger.own, ledger.adopt]) {
      for (let step = 0; step < STEPS_MAX && !this.#stop.signal.aborted; step += 1) {
        const results = await find(STEP);
        const news = results.filter((result) => !this.#isHere(keyOf(result)));
        count += news.length;
        await this.#store(news.map((result) => ({ key: result, point: keptPoint(result) })));
        if (news.length < STEP) break;
      }
    }
    return count;
  }

  #isHere(key: string): boolean {
    return this.#inHand.has(key) || this.#storing.has(key);
  }

  async #saveAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) {
      // The embedded PostgreSQL answers before anything else can end: each would go alone.
      if (!this.#hurry) await this.#wait(GATHER_MS);
      await this.#saveGroup(this.#nextGroup());
    }
  }

  /** A monitor once at most: two of its results are told apart by one answer only. */
  #nextGroup(): Ended[] {
    const monitors = new Set<number>();
    const end = this.#queue.findIndex(({ scan }) => {
      const again = monitors.has(scan.monitor) || monitors.size >= GROUP_MAX;
      monitors.add(scan.monitor);
      return again;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  async #saveGroup(group: readonly Ended[]): Promise<void> {
    for (let tries = 1; !this.#stop.signal.aborted; tries += 1) {
      try {
        return this.#settle(group, await this.#save(group, tries > 1));
      } catch (error) {
        // A fault of the registry passes. One of the results is found by halving.
        const passes = isCode(error, 'unavailable', 'timeout') || !(await this.#registryWorks());
        if (!passes && group.length > 1) return this.#halve(group);
        if (!passes && tries >= TRIES_MAX) return this.#giveUp(group, error);
      }
      await this.#wait(backoffMs(BACKOFF, tries, this.#options.random));
    }
  }

  async #registryWorks(): Promise<boolean> {
    try {
      await this.#options.ledger.own(1);
      return true;
    } catch {
      return false; // why is told by whoever claims
    }
  }

  async #halve(group: readonly Ended[]): Promise<void> {
    const middle = group.length >> 1;
    await this.#saveGroup(group.slice(0, middle));
    await this.#saveGroup(group.slice(middle));
  }

  /** `again`: an earlier try may have been carried out although its answer was lost. */
  async #save(group: readonly Ended[], again: boolean): Promise<ReadonlySet<Ended>> {
    const { ledger } = this.#options;
    const saved = await ledger.save(group.map(({ scan }) => scan));
    const isSaved = ({ scan }: Ended): boolean => saved.has(scan.monitor);
    if (!again || group.every(isSaved)) return new Set(group.filter(isSaved));
    const before = new Set((await ledger.own(this.#storing.size + group.length)).map(keyOf));
    return new Set(group.filter((ended) => isSaved(ended) || before.has(keyOf(ended.scan))));
  }

  #settle(group: readonly Ended[], saved: ReadonlySet<Ended>): void {
    const stored = [...saved].map(({ scan, point }) => ({ key: scan, point }));
    void this.#store(stored);
    for (const ended of group) {
      this.#inHand.delete(keyOf(ended.scan));
      ended.done(saved.has(ended) ? 'saved' : 'stale');
    }
  }

  #giveUp(group: readonly Ended[], error: unknown): void {
    const { log } = this.#options;
    for (const { scan, done } of group) {
      this.#inHand.delete(keyOf(scan));
      log.error({ monitor: scan.monitor, error: messageOf(error) }, 'a scan cannot be saved');
      done('broken');
    }
  }

  /** Resolves when they are in the spool, or the saver ends. */
  #store(results: readonly Stored[]): Promise<void> {
    for (const result of results) {
      this.#storing.add(keyOf(result.key));
      this.#unspooled.push(result);
    }
    this.#spooling ??= this.#spoolAll().finally(() => {
      this.#spooling = undefined;
    });
    return this.#spooling;
  }

  async #spoolAll(): Promise<void> {
    await Promise.resolve();
    for (let tries = 0; this.#unspooled.length > 0; ) {
      // What is not in the spool in the end is in the registry, for others to adopt.
      if (tries > 0 && this.#stop.signal.aborted) return;
      const group = this.#unspooled.slice(0, GROUP_MAX);
      tries = (await this.#spool(group)) ? 0 : tries + 1;
      if (tries === 0) this.#unspooled.splice(0, group.length);
      else await this.#wait(backoffMs(BACKOFF, tries, this.#options.random));
    }
  }

  async #spool(group: readonly Stored[]): Promise<boolean> {
    const { sink, ledger, log } = this.#options;
    try {
      await sink.accept(group.map(({ point }) => point));
      this.#spoolError = undefined;
    } catch (error) {
      const message = messageOf(error);
      if (this.#spoolError === undefined) log.error({ error: message }, 'scans are not spooled');
      this.#spoolError = message;
      return false;
    }
    const keys = group.map(({ key }) => key);
    try {
      await ledger.forget(keys);
    } catch (error) {
      // They are found again, and written once more: the same points.
      log.debug({ error: messageOf(error) }, 'scans in the spool were not forgotten');
    }
    for (const key of keys) this.#storing.delete(keyOf(key));
    return true;
  }

  async #wait(ms: number): Promise<void> {
    const wait = childAbort(this.#stop.signal);
    // Cut short by the end: the loops look for it themselves.
    await this.#options.clock.sleep(ms, wait.signal).catch(() => undefined);
    wait.release();
  }
}

function keyOf({ monitor, slotMs }: Pick<WaitingResult, 'monitor' | 'slotMs'>): string {
  return `${monitor} ${slotMs}`;
}
