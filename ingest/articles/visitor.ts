import { setMaxListeners } from 'node:events';
import { type ChildAbort, childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import type { Log } from '../../core/log.ts';
import { noTrace, type Trace } from '../../core/trace.ts';
import type { FeedVisit, PageVisit, Visit } from '../../registry/visits.ts';
import type { ArticleMetrics } from './article-metrics.ts';
import { failedFeed, visitFeed } from './feed-visit.ts';
import { HostBusy, HostHold, VisitLost } from './host-hold.ts';
import type { ArticleLedger } from './ledger.ts';
import { failedPage, visitPage } from './page-visit.ts';
import type { PageReader } from './pages/reader.ts';
import type { CheckLimits } from './poll/next-check.ts';
import type { Preparer } from './preparer.ts';
import type { FeedReader } from './reader.ts';
import type { Recorder } from './recorder.ts';

export interface VisitorOptions {
  readonly ledger: ArticleLedger;
  readonly recorder: Recorder;
  readonly http: HttpClient;
  readonly reader: FeedReader;
  readonly preparer: Preparer;
  readonly pages: PageReader;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: ArticleMetrics;
  /** The database's time. */
  readonly nowMs: () => number;
  readonly leaseMs: number;
  readonly spacingMs: number;
  readonly deadlineMs: number;
  readonly trace?: Trace;
  readonly intervals: CheckLimits;
}

/** A hop waits for its host for so long, and for some requests of others. */
const HOP_WAIT_MS = 15_000;
const HOP_SPACINGS = 3;
const BEATS_A_LEASE = 3;
/** Put off for so much longer at most, so that visits do not come back together. */
const PUT_OFF_MS = 5_000;
const REGISTRY_PAUSE_MS = 30_000;

interface Stay {
  readonly hold: HostHold;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  lost: boolean;
}

/** Makes visits: each ends saved, given back or lost, and never with an error. */
export class Visitor {
  readonly #options: VisitorOptions;
  readonly #cut = childAbort(undefined);

  constructor(options: VisitorOptions) {
    this.#options = options;
    // Each visit under way listens to it.
    setMaxListeners(0, this.#cut.signal);
  }

  /** What is under way ends, and is given back. */
  cut(): void {
    this.#cut.release();
  }

  /** `sinceMs`: monotonic, from before the claim was asked for. */
  visit(visit: Visit, sinceMs: number): Promise<void> {
    const { trace = noTrace } = this.#options;
    if (visit.kind === 'feed') {
      const about = { 'tidemark.feed': visit.feed };
      return trace.span('feed check', about, () => this.#visit(visit, sinceMs));
    }
    const about = { 'tidemark.job': visit.job };
    return trace.span('article job', about, () => this.#visit(visit, sinceMs));
  }

  async #visit(visit: Visit, sinceMs: number): Promise<void> {
    const { ledger, clock, nowMs, leaseMs, spacingMs, metrics } = this.#options;
    const stop = childAbort(this.#cut.signal);
    const waitMs = Math.max(HOP_WAIT_MS, HOP_SPACINGS * spacingMs);
    const holdOptions = { ledger: ledger.of(visit), clock, nowMs, spacingMs, leaseMs, waitMs };
    const claim = { host: visit.host, token: visit.hostToken, sinceMs };
    const hold = new HostHold({ ...holdOptions, signal: stop.signal }, claim);
    const stay: Stay = { hold, signal: stop.signal, nowMs, lost: false };
    const beating = this.#beat(visit, stay, stop);
    metrics.late(Math.max(0, nowMs() - visit.dueMs) / 1000);
    try {
      if (visit.kind === 'feed') await this.#feed(visit, stay);
      else await this.#page(visit, stay);
    } catch (error) {
      await this.#failed(visit, stay, error);
    } finally {
      stop.release();
      await beating;
    }
  }

  async #feed(visit: FeedVisit, stay: Stay): Promise<void> {
    const { clock, intervals: limits, recorder } = this.#options;
    const beganMs = clock.monotonicMs();
    const checked = await visitFeed(visit, { ...this.#options, ...stay, limits });
    const saved = await recorder.check(checked, { beganMs });
    if (!saved) throw new VisitLost();
  }

  async #page(visit: PageVisit, stay: Stay): Promise<void> {
    const { clock, recorder } = this.#options;
    const beganMs = clock.monotonicMs();
    const visited = await visitPage(visit, { ...this.#options, ...stay });
    const saved = await recorder.page(visit, visited, { beganMs });
    if (!saved) throw new VisitLost();
  }

  /** Until the visit ends its lease is renewed; one that is lost ends it. */
  async #beat(visit: Visit, stay: Stay, stop: ChildAbort): Promise<void> {
    const { ledger, clock, leaseMs, log } = this.#options;
    while (!stop.signal.aborted) {
      try {
        await clock.sleep(leaseMs / BEATS_A_LEASE, stop.signal);
        const sinceMs = clock.monotonicMs();
        const { held } = stay.hold;
        stay.lost = !(await ledger.of(visit).renew(held));
        if (stay.lost) stop.release();
        else if (held) stay.hold.renewed(held.hostToken, sinceMs);
      } catch (error) {
        // Tried again before the lease is over; requests are not begun without one.
        if (!stop.signal.aborted) log.debug({ error: messageOf(error) }, 'a lease was not renewed');
      }
    }
  }

  async #failed(visit: Visit, stay: Stay, error: unknown): Promise<void> {
    const { metrics, log } = this.#options;
    const about = visit.kind === 'feed' ? { feed: visit.feed } : { job: visit.job };
    try {
      await stay.hold.release();
      if (stay.lost || error instanceof VisitLost) {
        metrics.released('lost');
        log.debug(about, 'a visit was lost: its lease ran out, or nobody wants it any more');
      } else if (error instanceof HostBusy) {
        metrics.released('busy');
        await this.#putOff(visit, error.freeMs);
      } else if (stay.signal.aborted) {
        metrics.released('stopped');
        await this.#options.ledger.giveBack(visit);
      } else if (isCode(error, 'unavailable') || isCode(error, 'timeout')) {
        metrics.released('registry');
        log.warn({ ...about, error: messageOf(error) }, 'a visit could not be saved');
        await this.#putOff(visit, stay.nowMs() + REGISTRY_PAUSE_MS);
      } else {
        log.error({ ...about, error: messageOf(error) }, 'a bug: a visit failed');
        await this.#blame(visit, error, stay);
      }
    } catch (second) {
      // Then it is free again when its lease ends.
      log.warn({ ...about, error: messageOf(second) }, 'a visit was left without a word');
    }
  }

  async #putOff(visit: Visit, freeMs: number): Promise<void> {
    const { ledger, random } = this.#options;
    await ledger.giveBack(visit, Math.ceil(freeMs + PUT_OFF_MS * random()));
  }

  /** Not to be tried again and again at once. */
  async #blame(visit: Visit, error: unknown, stay: Stay): Promise<void> {
    const { recorder, clock, intervals: limits } = this.#options;
    const beganMs = clock.monotonicMs();
    const status = null;
    const failure = {
      reason: 'internal',
      message: messageOf(error).slice(0, 500),
      status,
    } as const;
    if (visit.kind === 'feed') {
      const checked = failedFeed(visit, failure, { ...this.#options, ...stay, limits });
      await recorder.check(checked, { beganMs });
    } else {
      const visited = failedPage(visit, failure, { ...this.#options, ...stay });
      await recorder.page(visit, visited, { beganMs });
    }
  }
}
