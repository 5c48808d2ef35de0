import type { Context, Next } from 'koa';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Metrics } from '../../core/metrics.ts';
import { noTrace, type Span, type Trace } from '../../core/trace.ts';

interface ObserveOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly trace?: Trace;
}

const BUCKETS_S = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Another party's id is taken over only where it cannot harm a log line. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;
const CLIENT_LEFT = 499;

/** What is measured of requests. */
export function httpMetrics(metrics: Metrics) {
  const seconds = metrics.spread({
    name: 'http_request_seconds',
    help: 'From the first byte of a request to the last of its answer; 499: the client left',
    labels: ['route', 'method', 'status'],
    buckets: BUCKETS_S,
  });
  const running = metrics.level({ name: 'http_requests_running', help: 'Requests in work' });
  return { seconds, running };
}

/** Request ids, the time of every answer by route, and an access log for those who debug. */
export function observe({ metrics, clock, log, newId, trace = noTrace }: ObserveOptions) {
  const { seconds, running } = httpMetrics(metrics);
  let count = 0;
  running.set(count);
  return async (ctx: Context, next: Next): Promise<void> => {
    const startedMs = clock.monotonicMs();
    const given = ctx.get('x-request-id');
    const requestId = REQUEST_ID.test(given) ? given : newId();
    ctx.state.requestId = requestId;
    ctx.set('X-Request-Id', requestId);
    const span = beginSpan(trace, ctx, requestId);
    const { traceId } = span;
    ctx.state.traceId = traceId;
    running.set(++count);
    ctx.res.once('close', () => {
      running.set(--count);
      const { route = 'none' } = ctx.state;
      const status = ctx.res.writableFinished ? ctx.res.statusCode : CLIENT_LEFT;
      const ms = clock.monotonicMs() - startedMs;
      seconds.observe(ms / 1000, { route, method: methodLabel(ctx.method), status });
      span.rename(`${methodLabel(ctx.method)} ${route}`);
      span.set({ 'http.route': route, 'http.response.status_code': status });
      span.end(status >= 500 ? { code: String(status) } : undefined);
      const ids = { requestId, ...(traceId !== undefined && { traceId }) };
      log.debug({ ...ids, method: ctx.method, path: ctx.path, status, ms }, 'request');
    });
    await span.run(next);
  };
}

/** Whoever asked may have begun the trace (W3C `traceparent`). */
function beginSpan(trace: Trace, ctx: Context, requestId: string): Span {
  const method = methodLabel(ctx.method);
  const attributes = { 'http.request.method': method, 'tidemark.request.id': requestId };
  return trace.begin(method, attributes, {
    kind: 'server',
    traceparent: ctx.get('traceparent'),
  });
}

const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** A label has few values: what else a client may send counts as one. */
function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'other';
}
