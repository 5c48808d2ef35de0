/** Traces by OpenTelemetry. Its packages are loaded only when a collector is named. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Span as OtelSpan, Tracer } from '@opentelemetry/api';
import type { ReadableSpan, Sampler, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import {
  type Attributes,
  errorType,
  noTrace,
  readTraceparent,
  type Span,
  type SpanOptions,
  type Trace,
} from './trace.ts';
import { createSpanQueue, type SpanQueueLimits } from './trace-queue.ts';
import type { TraceConfig } from './trace-settings.ts';

export interface TraceOptions {
  readonly settings: TraceConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits?: Partial<SpanQueueLimits>;
}

type Otel = typeof import('@opentelemetry/api');
type Sdk = typeof import('@opentelemetry/sdk-trace-base');

/** Of one batch, repetitions included. */
const EXPORT_MS_MAX = 10_000;
/** Long texts are nothing for a span. */
const VALUE_CHARS_MAX = 256;
const ATTRIBUTES_MAX = 32;

/** `noTrace` where no collector is named. */
export async function openTrace(options: TraceOptions): Promise<Trace> {
  const { settings } = options;
  // Its rows stand in the table of metrics whether there is a collector or not.
  const spans = traceMetrics(options.metrics);
  if (settings.otlpEndpoint === undefined) return noTrace;
  const [otel, sdk, resources, exporting] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const exporter = new exporting.OTLPTraceExporter({
    url: `${settings.otlpEndpoint}/v1/traces`,
    headers: { ...settings.otlpHeaders },
    timeoutMillis: EXPORT_MS_MAX,
  });
  const queue = createSpanQueue<ReadableSpan>({
    clock: options.clock,
    send: (batch) => exported(exporter, batch),
    count: (outcome, many) => spans.add({ outcome }, many),
    failed: (error) => options.log.warn({ error: messageOf(error) }, 'spans could not be sent'),
    ...(options.limits && { limits: options.limits }),
  });
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': settings.traceServiceName,
      'service.version': options.version,
    }),
    sampler: samplerOf(settings, sdk),
    spanLimits: { attributeValueLengthLimit: VALUE_CHARS_MAX, attributeCountLimit: ATTRIBUTES_MAX },
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: (span) => queue.add(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  const tracer = provider.getTracer('tidemark', options.version);
  return createTrace({ otel, tracer, close: queue.close });
}

export function traceMetrics(metrics: Metrics) {
  return metrics.count({
    name: 'trace_spans_total',
    help: 'Spans by what became of them: sent, failed at the collector, dropped by a full queue',
    labels: ['outcome'],
  });
}

function exported(exporter: SpanExporter, batch: readonly ReadableSpan[]): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export([...batch], ({ code, error }) => {
      if (code === 0) resolve();
      else reject(error ?? new Error('the collector did not take them'));
    });
  });
}

function samplerOf({ traceSampler, traceSamplerArg }: TraceConfig, sdk: Sdk): Sampler {
  const [on, off] = [new sdk.AlwaysOnSampler(), new sdk.AlwaysOffSampler()];
  const part = new sdk.TraceIdRatioBasedSampler(traceSamplerArg);
  const below = (root: Sampler) => new sdk.ParentBasedSampler({ root });
  switch (traceSampler) {
    case 'always_on':
      return on;
    case 'always_off':
      return off;
    case 'traceidratio':
      return part;
    case 'parentbased_always_off':
      return below(off);
    case 'parentbased_traceidratio':
      return below(part);
    default:
      return below(on);
  }
}

interface Tracing {
  readonly otel: Otel;
  readonly tracer: Tracer;
  readonly close: () => Promise<void>;
}

function createTrace({ otel, tracer, close }: Tracing): Trace {
  const current = new AsyncLocalStorage<Context>();
  const begin = (name: string, attributes: Attributes = {}, options: SpanOptions = {}): Span => {
    const above = remoteContext(otel, options.traceparent) ?? current.getStore();
    const parent = above ?? otel.ROOT_CONTEXT;
    const kind = otel.SpanKind[(options.kind ?? 'internal').toUpperCase() as 'INTERNAL'];
    const span = tracer.startSpan(name, { kind, attributes: { ...attributes } }, parent);
    return spanOf(span, {
      run: (work) => current.run(otel.trace.setSpan(parent, span), work),
      error: otel.SpanStatusCode.ERROR,
    });
  };
  return {
    begin,
    async span(name, attributes, work) {
      const span = begin(name, attributes);
      try {
        const result = await span.run(() => work(span));
        span.end();
        return result;
      } catch (error) {
        span.end(error);
        throw error;
      }
    },
    traceId() {
      const context = current.getStore();
      return context && otel.trace.getSpanContext(context)?.traceId;
    },
    close,
  };
}

function remoteContext(otel: Otel, traceparent: string | undefined): Context | undefined {
  const remote = readTraceparent(traceparent);
  if (remote === undefined) return undefined;
  const { traceId, spanId, flags: traceFlags } = remote;
  return otel.trace.setSpanContext(otel.ROOT_CONTEXT, {
    ...{ traceId, spanId, traceFlags },
    isRemote: true,
  });
}

function spanOf(span: OtelSpan, how: { run: Span['run']; error: number }): Span {
  let ended = false;
  return {
    traceId: span.spanContext().traceId,
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes({ ...attributes }),
    run: how.run,
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) {
        span.setAttribute('error.type', errorType(error));
        span.setStatus({ code: how.error });
      }
      span.end();
    },
  };
}
