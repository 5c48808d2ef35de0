import type { Clock } from '../../core/clock.ts';
import type { TargetGate } from '../../core/targets.ts';
import { Alarms } from './alarms.ts';
import type { OpenSocket } from './dial.ts';
import type { Answer, BodyLimits, Headers } from './exchange.ts';
import { Lines } from './lines.ts';
import { createMatcher, type Matcher, type MatcherOptions } from './matcher.ts';
import { type Reason, ScanFailure } from './outcome.ts';
import { type Ending, scanResult } from './report.ts';
import type { ScanResult } from './result.ts';
import { firstStep, locationOf, nextStep, type Step } from './route.ts';
import { scanContext } from './secure.ts';
import { Stop, Stopped } from './stop.ts';
import type { Phase } from './stopwatch.ts';
import type { ScanTarget } from './target.ts';
import { EVIDENCE_BYTES, judge } from './verdict.ts';
import { Visit, type VisitTools } from './visit.ts';

/** Makes scans. */
export interface Prober {
  /** Never throws; ends by the target's deadline, or as soon as `signal` says so. */
  scan(target: ScanTarget, signal?: AbortSignal): Promise<ScanResult>;
  /** Ends what is under way, and every connection that was kept. */
  close(): Promise<void>;
}

export interface ProberOptions {
  /** Resolves and checks every address, of redirects too. */
  readonly gate: TargetGate;
  readonly clock: Clock;
  readonly version: string;
  /** Certificates (PEM) to trust beside the public ones. */
  readonly ca?: readonly string[];
  /** How connections are opened, for tests. */
  readonly connect?: OpenSocket;
  /** What a target asks beyond these is cut down to them. */
  readonly caps?: { readonly timeoutMs?: number; readonly bodyBytes?: number };
  /** Connections kept between scans. */
  readonly keptMax?: number;
  readonly matcher?: Omit<MatcherOptions, 'clock'>;
}

/** What all scans of a prober share. */
interface Shared {
  readonly tools: VisitTools;
  readonly matcher: Matcher;
  readonly userAgent: string;
  /** Reading a URL anew for each scan of the same target would cost more than most of a scan. */
  readonly firstSteps: WeakMap<ScanTarget, Step>;
}

export function createProber(options: ProberOptions): Prober {
  const { gate, clock, caps, connect: open, keptMax } = options;
  const lines = new Lines({ clock, ...(keptMax === undefined ? {} : { keptMax }) });
  const matcher = createMatcher({ clock, ...options.matcher });
  const alarms = new Alarms(clock);
  const userAgent = `tidemark/${options.version}`;
  const tools = { gate, clock, lines, open, context: scanContext(options.ca) };
  const firstSteps = new WeakMap<ScanTarget, Step>();
  const shared = { tools, matcher, userAgent, firstSteps };
  const running = new Map<Scan, Promise<ScanResult>>();
  let closed = false;
  return {
    async scan(target, signal) {
      const timeoutMs = Math.min(target.timeoutMs, caps?.timeoutMs ?? target.timeoutMs);
      const stop = new Stop({ alarms, timeoutMs, signal });
      const bodyBytesMax = Math.min(target.bodyBytesMax, caps?.bodyBytes ?? target.bodyBytesMax);
      const scan = new Scan(target, { stop, bodyBytesMax }, shared);
      if (closed) stop.cancel();
      const result = scan.run();
      running.set(scan, result);
      try {
        return await result;
      } finally {
        running.delete(scan);
        stop.release();
      }
    },
    async close() {
      closed = true;
      for (const scan of running.keys()) scan.stop.cancel();
      await Promise.all(running.values());
      alarms.close();
      await Promise.all([lines.close(), matcher.close()]);
    },
  };
}

/** A redirect's own body is of no use: so much of it is read for the connection's sake. */
const REDIRECT_BODY_BYTES = 8 * 1024;

const TIMEOUTS: Readonly<Record<Phase, Reason>> = {
  dns: 'timeout-dns',
  connect: 'timeout-connect',
  tls: 'timeout-tls',
  firstByte: 'timeout-first-byte',
  transfer: 'timeout-transfer',
};

/** One scan under way. */
class Scan {
  readonly stop: Stop;
  readonly #target: ScanTarget;
  readonly #bodyBytesMax: number;
  readonly #shared: Shared;
  readonly #visits: Visit[] = [];
  #judging = false;

  constructor(
    target: ScanTarget,
    limits: { readonly stop: Stop; readonly bodyBytesMax: number },
    shared: Shared,
  ) {
    this.#target = target;
    this.stop = limits.stop;
    this.#bodyBytesMax = limits.bodyBytesMax;
    this.#shared = shared;
  }

  async run(): Promise<ScanResult> {
    const { clock } = this.#shared.tools;
    const startedMs = clock.nowMs();
    const sinceMs = clock.monotonicMs();
    const ending = await this.#answer().then(
      (answer) => this.#judge(answer),
      (error: unknown) => this.#ending(error),
    );
    const totalMs = clock.monotonicMs() - sinceMs;
    return scanResult({ visits: this.#visits, ending, startedMs, totalMs, clock });
  }

  async #judge(answer: Answer): Promise<Ending> {
    this.#judging = true;
    try {
      const { matcher } = this.#shared;
      return await judge(this.#target, answer, { matcher, stop: this.stop });
    } catch (error) {
      return this.#ending(error);
    }
  }

  async #answer(): Promise<Answer> {
    const { tools, userAgent } = this.#shared;
    const options = {
      stop: this.stop,
      keepAlive: this.#target.keepAlive,
      limits: (status: number, headers: Headers) => this.#limits(status, headers),
    };
    let step = this.#firstStep();
    for (let count = 1; ; count += 1) {
      const visit = new Visit(step, tools, options);
      this.#visits.push(visit);
      const answer = await visit.run();
      const { status } = answer;
      const location = locationOf(this.#target, status, answer.headers);
      if (location === undefined) return answer;
      step = nextStep(step, { status, location, count }, userAgent);
    }
  }

  #firstStep(): Step {
    const { firstSteps, userAgent } = this.#shared;
    const known = firstSteps.get(this.#target);
    if (known) return known;
    const step = firstStep(this.#target, userAgent);
    firstSteps.set(this.#target, step);
    return step;
  }

  #limits(status: number, headers: Headers): BodyLimits {
    if (locationOf(this.#target, status, headers) !== undefined) {
      return { bytesMax: REDIRECT_BODY_BYTES, keepMax: EVIDENCE_BYTES };
    }
    const bytesMax = this.#bodyBytesMax;
    // One more byte than is shown tells that there are more.
    return { bytesMax, keepMax: this.#target.pattern ? bytesMax : EVIDENCE_BYTES + 1 };
  }

  #ending(error: unknown): Ending {
    const phase = this.#judging ? undefined : this.#visits.at(-1)?.watch.phase;
    const truncated = this.#visits.at(-1)?.progress.body?.truncated ?? false;
    const base = { failedIn: phase, truncated };
    if (error instanceof Stopped) {
      if (error.stopCause === 'cancelled') return { reason: 'cancelled', ...base };
      const late = this.#judging ? 'timeout-match' : TIMEOUTS[phase ?? 'dns'];
      return { reason: late, ...base };
    }
    if (error instanceof ScanFailure)
      return { reason: error.reason, detail: error.message, ...base };
    return { reason: 'internal', detail: 'a bug: the scan broke off', ...base };
  }
}
