import type { z } from 'zod';
import {
  type AlertRule,
  alertBounds,
  alertDefaults,
  ratioRules,
  thresholdRules,
} from '../../core/alert-rules.ts';
import { formatMs } from '../../core/duration.ts';
import type { Alert, AlertChange, AlertKind, AlertSpec, NewAlert } from '../../registry/alerts.ts';
import type { ChannelAddress } from '../../registry/channels.ts';
import { HttpProblem } from '../http/errors.ts';
import { named, wrongField } from '../http/field-errors.ts';
import { readAddress, readFallback } from './address.ts';
import type { AlertDesk } from './desk.ts';
import { knownExchanges, knownIds, knownPairs } from './names.ts';
import type { PreviewAsked } from './preview.ts';
import type { alertPatch, alertWish, previewWish } from './schemas.ts';

type Wish = z.output<typeof alertWish>;
type Patch = z.output<typeof alertPatch>;
type Given = Omit<Patch, 'active' | 'pause' | 'fallback'>;
type About = keyof typeof KINDS_OF;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const [WINDOW_MS_MIN, WINDOW_MS_MAX] = alertBounds.windowMs;
const AFTER_MS = 600_000;
const AFTER_MS_MIN = 60_000;

/** Which alerts have what; what is not here, all have. */
const KINDS_OF = {
  metric: ['ratio', 'threshold'],
  pairs: ['ratio', 'threshold', 'freshness'],
  exchanges: ['ratio', 'threshold', 'freshness'],
  monitors: ['ratio', 'threshold', 'scan'],
  factor: ['ratio'],
  direction: ['ratio'],
  minSamples: ['ratio'],
  minAverage: ['ratio'],
  above: ['threshold'],
  below: ['threshold'],
  scan: ['scan'],
  article: ['article'],
  freshness: ['freshness'],
  // What is told of changes alone is not heard of while it lasts.
  for: ['ratio', 'threshold'],
  remind: ['ratio', 'threshold', 'freshness'],
  resolve: ['ratio', 'threshold', 'scan', 'freshness'],
} as const satisfies Partial<Record<keyof Given, readonly AlertKind[]>>;

const DEFAULTS: AlertSpec = {
  ...{ metrics: [], direction: alertDefaults.direction, factor: null, above: null, below: null },
  ...{ pairs: null, exchanges: null, monitors: null, minSamples: alertDefaults.minSamples },
  ...{ minAverage: null, forMs: 0, notify: 'window', remindMs: null, resolve: false, states: [] },
  ...{ articleRules: null, feeds: null, symbols: null, freshness: [], afterMs: AFTER_MS },
};

export interface WantedAlert {
  readonly address: ChannelAddress;
  readonly fallback: ChannelAddress | null;
  readonly alert: Omit<NewAlert, 'channel' | 'fallback'>;
}

/**
 * An alert that is wanted.
 * @throws TidemarkError `invalid` naming the field, HttpProblem 422 for what is not there or out of
 *   reach, and for more rules than are evaluated
 */
export async function readAlertWish(desk: AlertDesk, wish: Wish): Promise<WantedAlert> {
  const { webhook, slack, email, pagerduty, fallback, ...given } = wish;
  const address = await readAddress(desk, { webhook, slack, email, pagerduty });
  const kind = kindOf(given);
  const spec = await specOf(desk, kind, { before: DEFAULTS, given });
  const windowMs = windowOf(given.window ?? alertDefaults.windowMs);
  const rules = await rulesOf(desk, kind, { spec, windowMs });
  return {
    address,
    fallback: await readFallback(desk, fallback ?? null, address),
    alert: { name: given.name ?? nameOf(kind, spec, windowMs), kind, spec, windowMs, rules },
  };
}

/**
 * What is to be looked for in stored data. Where it would be sent does not matter.
 * @throws as `readAlertWish` does
 */
export async function readPreviewWish(
  desk: AlertDesk,
  { range, ...wish }: z.output<typeof previewWish>,
): Promise<Pick<PreviewAsked, 'kind' | 'spec' | 'windowMs'> & { readonly rangeMs: number }> {
  const rangeMs = range ?? DAY_MS;
  if (rangeMs < HOUR_MS || rangeMs > WINDOW_MS_MAX) {
    throw wrongField('range', 'from 1h to 7d', formatMs(rangeMs));
  }
  const kind = kindOf(wish);
  if (kind !== 'ratio' && kind !== 'threshold') {
    throw wrongField(kind, 'nothing: only what is about a metric can be previewed');
  }
  const spec = await specOf(desk, kind, { before: DEFAULTS, given: wish });
  return { kind, spec, windowMs: windowOf(wish.window ?? alertDefaults.windowMs), rangeMs };
}

/**
 * What of an alert is to be changed; it fits to what stays.
 * @throws as `readAlertWish` does
 */
export async function readAlertPatch(
  desk: AlertDesk,
  alert: Alert,
  { patch, nowMs }: { readonly patch: Patch; readonly nowMs: number },
): Promise<Omit<AlertChange, 'fallback'> & { fallback?: ChannelAddress | null }> {
  const { active, pause, fallback, ...given } = patch;
  const { kind } = alert;
  const other = kindOf(given, kind);
  if (other !== kind) throw wrongField(other, `nothing: this alert is of kind ${kind}`);
  const spec = await specOf(desk, kind, { before: alert.spec, given });
  const windowMs =
    given.window === undefined ? alert.windowMs : windowOf(given.window ?? alertDefaults.windowMs);
  const rules = await rulesOf(desk, kind, { spec, windowMs });
  return {
    ...{ spec, windowMs, rules },
    ...(given.name !== undefined && { name: given.name ?? nameOf(kind, spec, windowMs) }),
    ...(active !== undefined && { active }),
    ...(pause !== undefined && { pausedUntilMs: pause === null ? null : nowMs + pause }),
    ...(fallback !== undefined && { fallback: await readFallback(desk, fallback, undefined) }),
  };
}

/** What it is about, by what was given. */
function kindOf(given: Given, usual: AlertKind = 'ratio'): AlertKind {
  const threshold = (given.above ?? given.below ?? null) !== null;
  const found = [
    ...(threshold ? (['threshold'] as const) : []),
    ...(['scan', 'article', 'freshness'] as const).filter((one) => (given[one] ?? null) !== null),
  ];
  if (found.length > 1) {
    const [first, second] = found.map((one) => (one === 'threshold' ? 'above, below' : one));
    throw wrongField(
      second!.split(',')[0]!,
      `nothing beside ${first}: an alert is about one thing`,
    );
  }
  return found[0] ?? usual;
}

async function specOf(
  desk: AlertDesk,
  kind: AlertKind,
  { before, given }: { readonly before: AlertSpec; readonly given: Given },
): Promise<AlertSpec> {
  for (const [field, kinds] of Object.entries(KINDS_OF)) {
    const fits = (kinds as readonly AlertKind[]).includes(kind);
    if (fits || (given[field as About] ?? null) === null) continue;
    throw wrongField(field, `nothing: an alert of kind ${kind} has none`);
  }
  const spec: AlertSpec = {
    ...before,
    metrics: metricsOf(kind, before, given),
    direction: pick(given.direction, before.direction, DEFAULTS.direction),
    factor: kind === 'ratio' ? pick(given.factor, before.factor, null) : null,
    above: pick(given.above, before.above, null),
    below: pick(given.below, before.below, null),
    pairs: await picked(given.pairs, before.pairs, (names) => knownPairs(desk, names)),
    exchanges: await picked(given.exchanges, before.exchanges, (names) =>
      knownExchanges(desk, names),
    ),
    monitors: await picked(given.monitors, before.monitors, (ids) =>
      knownIds(desk, 'monitors', ids),
    ),
    minSamples: pick(given.minSamples, before.minSamples, DEFAULTS.minSamples),
    minAverage: pick(given.minAverage, before.minAverage, null),
    forMs: pick(given.for, before.forMs, 0),
    notify: pick(given.notify, before.notify, DEFAULTS.notify),
    remindMs: pick(given.remind, before.remindMs, null),
    resolve: pick(given.resolve, before.resolve, DEFAULTS.resolve),
    ...(kind === 'scan' && { states: statesOf(before, given) }),
    ...(kind === 'article' && (await articleOf(desk, before, given))),
    ...(kind === 'freshness' && freshnessOf(before, given)),
  };
  if (kind === 'ratio') spec.factor ??= alertDefaults.factor;
  const lasting = (KINDS_OF.remind as readonly AlertKind[]).includes(kind);
  if (spec.notify === 'incident' && lasting) spec.remindMs ??= DAY_MS;
  else if (spec.remindMs !== null) {
    if (given.remind) throw wrongField('remind', 'nothing, unless notify is incident');
    spec.remindMs = null;
  }
  checkSpec(kind, spec);
  return spec;
}

/** What fits together only in some ways. */
function checkSpec(kind: AlertKind, spec: AlertSpec): void {
  const latency = spec.metrics.includes('latency');
  if (latency && spec.metrics.length > 1) {
    throw wrongField('metric', 'latency alone: it is of monitors, the others are of pairs');
  }
  if (latency && spec.pairs !== null) throw wrongField('pairs', 'nothing: latency is of monitors');
  if (latency && spec.exchanges !== null) {
    throw wrongField('exchanges', 'nothing: latency is of monitors');
  }
  const ofMonitors = latency || kind === 'scan';
  if (!ofMonitors && spec.monitors !== null) {
    throw wrongField('monitors', 'nothing, unless it is about latency or scan');
  }
  if (kind !== 'threshold') return;
  if (spec.above === null && spec.below === null) throw wrongField('above', 'a number, or below');
  if (!latency && spec.pairs === null) {
    throw wrongField('pairs', 'at least one: a limit means something for a price that it is near');
  }
}

function metricsOf(kind: AlertKind, before: AlertSpec, { metric }: Given): AlertSpec['metrics'] {
  if (kind !== 'ratio' && kind !== 'threshold') return [];
  const usual: AlertSpec['metrics'] = kind === 'ratio' ? [...alertDefaults.metrics] : ['price'];
  if (metric === undefined) return before.metrics.length > 0 ? before.metrics : usual;
  if (metric === null) return usual;
  return [...new Set(Array.isArray(metric) ? metric : [metric])];
}

function statesOf(before: AlertSpec, { scan }: Given): AlertSpec['states'] {
  const usual: AlertSpec['states'] = ['down', 'unknown'];
  if (scan === undefined) return before.states.length > 0 ? before.states : usual;
  return scan?.states ?? usual;
}

async function articleOf(desk: AlertDesk, before: AlertSpec, { article }: Given) {
  if (article === undefined || article === null) {
    const { articleRules, feeds, symbols } = before;
    return { articleRules, feeds, symbols };
  }
  const { rules, feeds, symbols } = article;
  return {
    articleRules: rules ? await knownIds(desk, 'rules', rules) : null,
    feeds: feeds ? await knownIds(desk, 'feeds', feeds) : null,
    symbols: symbols ? [...new Set(symbols.map(symbolOf))].sort() : null,
  };
}

function symbolOf(text: string): string {
  return text.replace(/^\$/, '').toUpperCase();
}

function freshnessOf(before: AlertSpec, { freshness }: Given) {
  if (freshness === undefined || freshness === null) {
    const { afterMs, freshness: kinds } = before;
    return { afterMs, freshness: kinds };
  }
  const kinds = freshness.kinds ?? ['absent'];
  const afterMs = freshness.after ?? (kinds.includes('frozen') ? HOUR_MS : AFTER_MS);
  if (afterMs < AFTER_MS_MIN || afterMs > DAY_MS) {
    throw wrongField('freshness.after', 'from 1m to 1d', formatMs(afterMs));
  }
  return { freshness: [...new Set(kinds)], afterMs };
}

async function rulesOf(
  desk: AlertDesk,
  kind: AlertKind,
  { spec, windowMs }: { readonly spec: AlertSpec; readonly windowMs: number },
): Promise<AlertRule[]> {
  const { metrics, direction, above, below, pairs, exchanges } = spec;
  const factor = spec.factor ?? undefined;
  const monitors = spec.monitors?.map(String) ?? null;
  const limits = { above: above ?? undefined, below: below ?? undefined };
  const rules = named(() => {
    if (kind === 'ratio') return ratioRules({ metrics, direction, factor, windowMs });
    if (kind !== 'threshold') return [];
    return thresholdRules({ metrics, ...limits, pairs, exchanges, monitors });
  });
  if (rules.length === 0) return rules;
  const wanted = await desk.rulesWith(rules.map(({ key }) => key));
  if (wanted <= desk.rulesMax) return rules;
  const text = `${desk.rulesMax} different rules are evaluated already: use a factor, window or limit`;
  throw new HttpProblem(422, 'unprocessable', `${text} that another alert has`, {
    details: { rulesMax: desk.rulesMax, wanted },
  });
}

function windowOf(ms: number): number {
  if (ms >= WINDOW_MS_MIN && ms <= WINDOW_MS_MAX) return ms;
  const expected = `from ${formatMs(WINDOW_MS_MIN)} to ${formatMs(WINDOW_MS_MAX)}`;
  throw wrongField('window', expected, formatMs(ms));
}

function nameOf(kind: AlertKind, spec: AlertSpec, windowMs: number): string {
  const what = `${spec.pairs?.slice(0, 3).join(', ') ?? ''} ${spec.metrics.join(', ')}`.trim();
  if (kind === 'ratio') {
    return `${what} ${spec.direction} ${spec.factor}x the mean of ${formatMs(windowMs)}`;
  }
  if (kind === 'threshold') {
    const limits = [
      ...(spec.above === null ? [] : [`above ${spec.above}`]),
      ...(spec.below === null ? [] : [`below ${spec.below}`]),
    ];
    return `${what} ${limits.join(' or ')}`;
  }
  if (kind === 'scan') return `monitors ${spec.states.join(', ')}`;
  if (kind === 'article') return 'articles';
  return `prices ${spec.freshness.join(', ')}`;
}

/** Null is the default, absent what was before. */
function pick<T>(given: T | null | undefined, before: T, usual: T): T {
  return given === undefined ? before : (given ?? usual);
}

async function picked<T>(
  given: readonly T[] | null | undefined,
  before: T[] | null,
  check: (list: readonly T[]) => Promise<T[]>,
): Promise<T[] | null> {
  if (given === undefined) return before;
  return given === null ? null : check(given);
}
