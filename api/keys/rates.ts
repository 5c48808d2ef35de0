import type { Clock } from '../../core/clock.ts';
import { HttpProblem } from '../http/errors.ts';

/** So many seconds of a rate may be asked at once. */
export const BURST_S = 4;
/** Most buckets at once: beyond that the one that was not asked for longest is forgotten. */
const BUCKETS_MAX = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export interface Limit {
  readonly perSecond: number;
  readonly burst: number;
}

/** What a bucket had when it was asked for one. */
export interface Taken {
  readonly ok: boolean;
  /** Whole ones that are left. */
  readonly left: number;
  /** Until it is full again. */
  readonly fullMs: number;
  /** Until there is one again. */
  readonly waitMs: number;
}

/** So much at once, after a rest. */
export function limitOf(perSecond: number): Limit {
  return { perSecond, burst: Math.max(1, Math.ceil(perSecond * BURST_S)) };
}

/** Buckets of tokens, one for each name. One that is not there is full. */
export class Buckets {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #max: number;

  constructor(clock: Clock, max = BUCKETS_MAX) {
    this.#clock = clock;
    this.#max = max;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one, where there is one. */
  take(name: string, limit: Limit): Taken {
    const bucket = this.#filled(name, limit);
    const ok = bucket.tokens >= 1;
    if (ok) bucket.tokens -= 1;
    return told(bucket, limit, ok);
  }

  /** As `take`, but nothing is taken. */
  look(name: string, limit: Limit): Taken {
    const bucket = this.#filled(name, limit);
    return told(bucket, limit, bucket.tokens >= 1);
  }

  #filled(name: string, { perSecond, burst }: Limit): Bucket {
    const nowMs = this.#clock.monotonicMs();
    const old = this.#buckets.get(name) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, old.tokens + ((nowMs - old.atMs) / 1_000) * perSecond);
    const bucket = { tokens, atMs: nowMs };
    // To the end: the first is the one that was not asked for longest.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > this.#max) {
      for (const first of this.#buckets.keys()) {
        this.#buckets.delete(first);
        break;
      }
    }
    return bucket;
  }
}

function told({ tokens }: Bucket, { perSecond, burst }: Limit, ok: boolean): Taken {
  return {
    ok,
    left: Math.floor(tokens),
    fullMs: ((burst - tokens) / perSecond) * 1_000,
    waitMs: tokens >= 1 ? 0 : ((1 - tokens) / perSecond) * 1_000,
  };
}

/** Headers of draft-ietf-httpapi-ratelimit-headers-06: the burst, what is left, when it is full. */
export function rateHeaders(limit: Limit, taken: Taken): Record<string, string> {
  const seconds = Math.ceil(limit.burst / limit.perSecond);
  return {
    'RateLimit-Limit': String(limit.burst),
    'RateLimit-Remaining': String(taken.left),
    'RateLimit-Reset': String(Math.ceil(taken.fullMs / 1_000)),
    'RateLimit-Policy': `${limit.burst};w=${seconds}`,
  };
}

/** 429, and when to come back. */
export function tooMany(message: string, limit: Limit, { waitMs }: Taken): HttpProblem {
  const retryAfterMs = Math.max(1, Math.ceil(waitMs));
  return new HttpProblem(429, 'too-many-requests', message, {
    details: { ratePerSecond: limit.perSecond, burst: limit.burst, retryAfterMs },
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) },
  });
}
