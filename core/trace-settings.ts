import { z } from 'zod';
import { httpUrl, text } from './config-values.ts';
import { setting } from './setting.ts';

/** Settings of traces; their names are OpenTelemetry's. */
export interface TraceConfig {
  /** Undefined: nothing is traced. */
  readonly otlpEndpoint: string | undefined;
  readonly otlpHeaders: Readonly<Record<string, string>> | undefined;
  readonly traceServiceName: string;
  readonly traceSampler: TraceSampler;
  /** The part of all traces, for samplers by ratio. */
  readonly traceSamplerArg: number;
}

export const TRACE_SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type TraceSampler = (typeof TRACE_SAMPLERS)[number];

/** `name=value` with commas between, values percent-encoded, as in W3C Baggage. */
const headers = z.string().transform((value, context) => {
  const found: Record<string, string> = {};
  for (const entry of value.split(',').map((part) => part.trim())) {
    const at = entry.indexOf('=');
    const [name, raw] = [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
    const decoded = decodedOf(raw);
    const plain = decoded !== undefined && !/[\p{Cc}]/u.test(decoded);
    if (at < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !plain) context.addIssue('not a header');
    else found[name.toLowerCase()] = decoded;
  }
  return found;
});

function decodedOf(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // Not percent-encoded as it should be: said by the caller.
  }
}

const ratio = z
  .string()
  .regex(/^(0|1|0?\.\d{1,9}|1\.0{1,9})$/)
  .transform(Number);

export const traceSettings = {
  otlpEndpoint: setting('OTEL_EXPORTER_OTLP_ENDPOINT', httpUrl, {
    expected: 'an http or https URL',
    about:
      'A collector of OpenTelemetry; traces go to `/v1/traces` below it, by OTLP over HTTP. Unset: nothing is traced.',
  }),
  otlpHeaders: setting('OTEL_EXPORTER_OTLP_HEADERS', headers, {
    expected: 'name=value with commas between, values percent-encoded',
    about: 'Headers that are sent to the collector.',
    secret: true,
  }),
  traceServiceName: setting('OTEL_SERVICE_NAME', text, {
    default: 'tidemark',
    expected: 'a name',
    about: 'What traces say this process is.',
  }),
  traceSampler: setting('OTEL_TRACES_SAMPLER', z.enum(TRACE_SAMPLERS), {
    default: 'parentbased_always_on',
    expected: TRACE_SAMPLERS.join(', '),
    about:
      'Which traces are kept; `parentbased_`: as whoever asked has decided, where somebody has.',
  }),
  traceSamplerArg: setting('OTEL_TRACES_SAMPLER_ARG', ratio, {
    default: '1',
    expected: 'a number from 0 to 1',
    about: 'The part of traces that a sampler by ratio keeps.',
  }),
} as const;
