import type { Previewed, PreviewedAlert } from '../../core/alert-preview.ts';
import { formatMs } from '../../core/duration.ts';
import type { AlertEvent } from '../../registry/alert-events.ts';
import type { Alert } from '../../registry/alerts.ts';
import type { ChannelView, EnsuredChannel } from '../../registry/channels.ts';
import { isoOf, isoOrNull } from '../http/moment.ts';

/** An alert as it is told. */
export function shownAlert(alert: Alert) {
  const { id, name, kind, channel, fallback, spec, rules, active, events } = alert;
  const { above, below, pairs, exchanges, monitors, minSamples, minAverage, notify } = spec;
  const { articleRules, feeds, symbols, states, freshness, resolve } = spec;
  const article = { rules: articleRules, feeds, symbols };
  return {
    ...{ id, name, kind, channel, fallback, metric: spec.metrics },
    direction: kind === 'ratio' ? spec.direction : null,
    factor: kind === 'ratio' ? spec.factor : null,
    ...{ above, below, pairs, exchanges, monitors, window: formatMs(alert.windowMs) },
    ...{ minSamples, minAverage },
    scan: kind === 'scan' ? { states } : null,
    article: kind === 'article' ? article : null,
    freshness: kind === 'freshness' ? { kinds: freshness, after: formatMs(spec.afterMs) } : null,
    for: lengthOf(spec.forMs),
    notify,
    remind: lengthOf(spec.remindMs),
    ...{ resolve, rules, active },
    pausedUntil: isoOrNull(alert.pausedUntilMs),
    events,
    last: isoOrNull(alert.lastMs),
    created: isoOf(alert.createdMs),
    changed: isoOf(alert.changedMs),
  };
}

/** What keeps an alert from being told. */
export function alertWarnings(alert: Alert, { state, kind, shown, reason }: ChannelView): string[] {
  if (!alert.active) return [];
  const todo = {
    webhook: 'it has to answer the confirming message with a status from 200 to 299',
    slack: 'it has to take the confirming message',
    pagerduty: 'it has to take the confirming event',
    email: 'the link in the confirming e-mail has to be followed',
    canary: 'it is our own',
  } as const;
  if (state === 'unconfirmed') return [`${shown} is not confirmed: ${todo[kind]}`];
  return state === 'disabled' ? [`${shown} is disabled: ${reason ?? 'by somebody'}`] : [];
}

/** An alert that was made or changed, with what its owner has to know now. */
export function shownMade(alert: Alert, { channel, secret }: Omit<EnsuredChannel, 'created'>) {
  return {
    ...shownAlert(alert),
    state: channel.state,
    ...(secret !== undefined && { secret }),
    warnings: alertWarnings(alert, channel),
  };
}

export function shownEvent({ windowMs, ...event }: AlertEvent) {
  const { id, alert, series, exchange, pair, monitor, value, average, samples } = event;
  const { outcome, silence, delivery } = event;
  return {
    ...{ id, alert, series, exchange, pair, monitor },
    window: { start: isoOf(windowMs), end: isoOf(windowMs + event.lengthMs) },
    time: isoOf(event.atMs),
    ...{ value, average, samples, late: event.late ?? false, outcome, silence, delivery },
    resolved: isoOrNull(event.resolvedMs),
    created: isoOf(event.createdMs),
  };
}

export function shownPreview(
  { alerts, series, looked, first }: Previewed,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
) {
  const shown = ({ atMs, ...one }: PreviewedAlert) => ({ ...one, time: isoOf(atMs) });
  const range = { from: isoOf(fromMs), to: isoOf(toMs) };
  return { ...range, alerts, series, looked, first: first.map(shown) };
}

function lengthOf(ms: number | null): string | null {
  return ms === null || ms === 0 ? null : formatMs(ms);
}
