import type {
  AlertMessage,
  DigestData,
  FiredData,
  MessageFiring,
  MessageSeries,
} from '../../core/alert-message.ts';
import type { AlertRule } from '../../core/alert-rules.ts';
import { formatMs } from '../../core/duration.ts';
import type { Firing } from '../../registry/alert-firings.ts';
import type { ToldAlert } from '../../registry/alert-spread.ts';

/** What is told about a firing besides what it says itself. */
export interface Telling {
  /** Undefined where no Flux rule found it. */
  readonly rule: AlertRule | undefined;
  /** Where the API is for those who are told, without a slash at the end. */
  readonly publicUrl: string;
  readonly nowMs: number;
  /** A script that finds the firing again; null: there is none. */
  readonly flux: (firing: Firing) => string | null;
}

/** An event that is told: of which alert, and in which of its windows. */
export interface ToldEvent {
  readonly alert: ToldAlert;
  readonly windowMs: number;
  readonly firing: Firing;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** One series for one alert. */
export function firedMessage(event: ToldEvent, telling: Telling): AlertMessage {
  const { firing } = event;
  const timestamp = iso(telling.nowMs);
  if (event.alert.kind === 'canary') {
    const data = { time: iso(firing.atMs), late: firing.late };
    return { type: 'alert.canary', timestamp, data };
  }
  const { recent = [] } = firing.data;
  const flux = telling.flux(firing);
  const data: FiredData = { ...messageFiring(event, telling), recent, flux };
  return { type: 'alert.fired', timestamp, data };
}

/** That it is over. `reason` of the firing is what began; what ended it is that it is not so now. */
export function resolvedMessage(
  event: ToldEvent,
  telling: Telling,
  resolvedMs: number,
): AlertMessage {
  const firing = messageFiring(event, telling);
  const reason = `It is over. It was: ${firing.reason}`;
  const data = { ...firing, reason, resolved: iso(resolvedMs), merged: false };
  return { type: 'alert.resolved', timestamp: iso(telling.nowMs), data };
}

export interface DigestOf {
  /** The first ones, the strongest first. */
  readonly events: readonly ToldEvent[];
  /** Keys of more of them, these included. */
  readonly series: readonly string[];
  /** Of all. */
  readonly count: number;
  readonly rule: string;
  readonly stepMs: number;
  readonly resolved?: boolean;
}

/** Many series of one step in one message. */
export function digestMessage(digest: DigestOf, telling: Telling): AlertMessage {
  const { events, series, count, rule, stepMs, resolved } = digest;
  const [first] = events;
  const window =
    first === undefined ? { start: iso(stepMs), end: iso(stepMs) } : windowOf(first, telling.rule);
  const data: DigestData = {
    ...{ count, rule, window, time: iso(stepMs), late: first?.firing.late ?? false },
    ...(resolved === true && { resolved }),
    firings: events.map((event) => messageFiring(event, telling)),
    series,
    more: count - series.length,
  };
  return { type: 'alert.digest', timestamp: iso(telling.nowMs), data };
}

function messageFiring(event: ToldEvent, telling: Telling): MessageFiring {
  const { alert, firing } = event;
  const { rule, publicUrl } = telling;
  const { data } = firing;
  const series = seriesOf(firing, rule);
  return {
    alert: { id: alert.id, name: alert.name, kind: alert.kind },
    series,
    value: firing.value,
    average: firing.average,
    factor: rule?.factor ?? null,
    limit: rule?.limit ?? null,
    direction: rule === undefined ? null : rule.direction,
    samples: firing.samples,
    window: windowOf(event, rule),
    time: iso(firing.atMs),
    late: firing.late,
    rank: data.rank ?? null,
    links: { alert: `${publicUrl}/alerts/${alert.id}`, series: seriesLink(series, publicUrl) },
    reason: data.reason ?? reasonOf(firing, series, rule),
    ...(data.about !== undefined && { about: data.about }),
  };
}

function seriesOf(firing: Firing, rule: AlertRule | undefined): MessageSeries {
  const { series: key, exchange, pair, monitor } = firing;
  return { key, exchange, pair, monitor, metric: rule?.metric ?? null };
}

/** What the average is of; otherwise the window of which this is the only alert. */
function windowOf(
  { alert, windowMs, firing }: ToldEvent,
  rule: AlertRule | undefined,
): { start: string; end: string } {
  const startMs = firing.data.windowStartMs;
  if (rule?.kind === 'ratio' && startMs !== undefined && startMs !== null) {
    return { start: iso(startMs), end: iso(startMs + rule.windowMs) };
  }
  return { start: iso(windowMs), end: iso(windowMs + alert.windowMs) };
}

function seriesLink({ exchange, pair, monitor }: MessageSeries, publicUrl: string): string | null {
  if (monitor !== null) return `${publicUrl}/api/v1/monitors/${monitor}`;
  if (pair === null) return exchange === null ? null : `${publicUrl}/api/v1/exchanges`;
  const query = new URLSearchParams({ duration: '1h', ...(exchange !== null && { exchange }) });
  return `${publicUrl}/${encodeURIComponent(pair)}?${query}`;
}

const METRICS: Readonly<Record<AlertRule['metric'], string>> = {
  price: 'price',
  bid: 'bid',
  ask: 'ask',
  volume: 'volume (24 h)',
  quote_volume: 'quote volume (24 h)',
  latency: 'latency',
};

/** Six digits say what there is to say; no exponent below a billion billions. */
const text = (value: number): string =>
  value.toLocaleString('en-US', { maximumSignificantDigits: 6 });

function reasonOf(firing: Firing, series: MessageSeries, rule: AlertRule | undefined): string {
  const { value, average, samples } = firing;
  if (rule === undefined || value === null) return `${firing.series} was found by ${firing.rule}.`;
  const place =
    series.monitor === null ? `${series.pair} on ${series.exchange}` : `monitor ${series.monitor}`;
  const unit = rule.metric === 'latency' ? ' ms' : '';
  const what = `The ${METRICS[rule.metric]} of ${place} is ${text(value)}${unit}`;
  if (rule.kind === 'threshold' && rule.limit !== null) {
    return `${what}, ${rule.direction} ${text(rule.limit)}${unit}.`;
  }
  if (average === null || average <= 0) return `${what}.`;
  const before = `the mean of the ${formatMs(rule.windowMs)} before, ${text(average)}${unit}`;
  return `${what}: ${text(value / average)} times ${before} (${samples ?? 0} points).`;
}
