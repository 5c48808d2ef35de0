import type { Previewed, PreviewedAlert, PreviewRange } from '../../core/alert-preview.ts';
import { type AlertRule, ratioRules, thresholdRules } from '../../core/alert-rules.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { Influx } from '../../core/influx/influx.ts';
import { seriesOf } from '../../flux/alert-queries.ts';
import { createPreviewQueries, type PreviewSeries } from '../../flux/preview-queries.ts';
import type { Alert } from '../../registry/alerts.ts';
import { type JudgedStep, SeriesJudge } from './judge.ts';

type PreviewAsked = Pick<Alert, 'kind' | 'spec' | 'windowMs'> & PreviewRange;

export interface PreviewOptions {
  readonly influx: Pick<Influx, 'rows' | 'bucket'>;
  /** How often rules are evaluated, milliseconds. */
  readonly everyMs: number;
  /** Most points that are read for one. */
  readonly pointsMax?: number;
}

const POINTS_MAX = 2_000_000;
const FIRST_MAX = 100;

const TAGS = { exchange: 'string?', pair: 'string?', monitor: 'string?' } as const;
const SIZE = { ...TAGS, _value: 'long' } as const;
const POINT = { ...TAGS, _time: 'time', _value: 'double' } as const;

/**
 * How often an alert would have been told: the points of the range are judged one by one as
 * the task does, and are not kept. Silences and the state of channels do not count.
 */
export function createPreview({ influx, everyMs, pointsMax = POINTS_MAX }: PreviewOptions) {
  const queries = createPreviewQueries(influx);

  async function sizeOf(wanted: PreviewSeries, signal: AbortSignal) {
    let points = 0;
    let series = 0;
    for await (const { _value } of influx.rows(queries.size(wanted), SIZE, { signal })) {
      points += _value;
      series += 1;
    }
    return { points, series };
  }

  return async (asked: PreviewAsked): Promise<Previewed> => {
    const { signal } = asked;
    const groups = [...metricsOf(rulesOf(asked))].map(([metric, rules]) => {
      return { rules, wanted: seriesWanted(asked, metric, rules) };
    });
    let [points, looked] = [0, 0];
    for (const { wanted } of groups) {
      const size = await sizeOf(wanted, signal);
      points += size.points;
      looked += size.series;
    }
    if (points > pointsMax) throw tooMuch(points, pointsMax);
    const told = new ToldAlerts(asked);
    for (const { wanted, rules } of groups) {
      const judges = new SeriesJudges(rules, { everyMs, told });
      for await (const row of influx.rows(queries.points(wanted), POINT, { signal })) {
        judges.add(row);
      }
      judges.end();
    }
    return told.all(looked);
  };
}

function rulesOf({ kind, spec, windowMs }: PreviewAsked): AlertRule[] {
  const { metrics, direction, factor, above, below, pairs, exchanges } = spec;
  if (kind === 'ratio') {
    return ratioRules({ metrics, direction, factor: factor ?? undefined, windowMs });
  }
  const limits = { above: above ?? undefined, below: below ?? undefined };
  const monitors = spec.monitors?.map(String) ?? null;
  return thresholdRules({ metrics, ...limits, pairs, exchanges, monitors });
}

function metricsOf(rules: readonly AlertRule[]): Map<AlertRule['metric'], AlertRule[]> {
  const groups = new Map<AlertRule['metric'], AlertRule[]>();
  for (const rule of rules) groups.set(rule.metric, [...(groups.get(rule.metric) ?? []), rule]);
  return groups;
}

function seriesWanted(
  { spec, fromMs, toMs }: PreviewAsked,
  metric: AlertRule['metric'],
  rules: readonly AlertRule[],
): PreviewSeries {
  const beforeMs = Math.max(...rules.map(({ windowMs }) => windowMs));
  const { pairs, exchanges } = spec;
  const monitors = spec.monitors?.map(String) ?? null;
  return { metric, pairs, exchanges, monitors, fromMs: fromMs - beforeMs, toMs };
}

function tooMuch(points: number, pointsMax: number): TidemarkError {
  const text = `${points} points are more than a preview reads: ask for fewer pairs or exchanges`;
  return new TidemarkError('invalid', `${text}, or for a shorter range`, {
    details: { points, pointsMax },
  });
}

interface SeriesRow {
  readonly _time: string;
  readonly _value: number;
  readonly exchange: string | null;
  readonly pair: string | null;
  readonly monitor: string | null;
}

type Told = Pick<ToldAlerts, 'take'>;

/** One series after the other, each judged by every rule. */
class SeriesJudges {
  readonly #rules: readonly AlertRule[];
  readonly #options: { readonly everyMs: number; readonly told: Told };
  #row: SeriesRow | undefined;
  #judges: SeriesJudge[] = [];

  constructor(
    rules: readonly AlertRule[],
    options: { readonly everyMs: number; readonly told: Told },
  ) {
    this.#rules = rules;
    this.#options = options;
  }

  add(row: SeriesRow): void {
    const { exchange, pair, monitor } = this.#row ?? {};
    const same = exchange === row.exchange && pair === row.pair && monitor === row.monitor;
    if (!same || this.#row === undefined) {
      this.end();
      this.#row = row;
      this.#judges = this.#rules.map((rule) => new SeriesJudge(rule, this.#options));
    }
    const point = { timeMs: Date.parse(row._time), value: row._value };
    this.#take(this.#judges.map((judge) => judge.add(point)));
  }

  end(): void {
    this.#take(this.#judges.map((judge) => judge.end()));
  }

  #take(steps: readonly (JudgedStep | undefined)[]): void {
    const row = this.#row;
    if (row === undefined) return;
    steps.forEach((step, at) => {
      const rule = this.#rules[at]!;
      if (step) this.#options.told.take(step, { rule, row, series: seriesOf(rule, row) });
    });
  }
}

interface StepOf {
  readonly rule: AlertRule;
  readonly row: SeriesRow;
  readonly series: string;
}

interface Incident {
  sinceMs: number;
  toldMs: number | undefined;
}

/** What would have been told of: once in each window, or once until it is over. */
class ToldAlerts {
  readonly #asked: PreviewAsked;
  /** The first of them by time, and a few more. */
  #first: PreviewedAlert[] = [];
  /** Of the series that goes on alone: a map of all would grow with them. */
  #series = '';
  #incidents = new Map<AlertRule, Incident>();
  #windows = new Set<number>();
  #counted = false;
  #alerts = 0;
  #told = 0;

  constructor(asked: PreviewAsked) {
    this.#asked = asked;
  }

  take({ stepMs, found }: JudgedStep, { rule, row, series }: StepOf): void {
    if (series !== this.#series) {
      this.#series = series;
      this.#incidents = new Map();
      this.#windows = new Set();
      this.#counted = false;
    }
    if (found === null || !this.#fits(found)) {
      this.#incidents.delete(rule);
      return;
    }
    const { spec, windowMs, fromMs } = this.#asked;
    const incident = this.#incidents.get(rule) ?? { sinceMs: stepMs, toldMs: undefined };
    this.#incidents.set(rule, incident);
    if (stepMs - incident.sinceMs < spec.forMs) return;
    const { toldMs } = incident;
    const remind =
      toldMs === undefined || (spec.remindMs !== null && stepMs - toldMs >= spec.remindMs);
    if (spec.notify === 'incident' && !remind) return;
    const window = Math.floor(found.timeMs / windowMs);
    if (this.#windows.has(window)) return;
    incident.toldMs = stepMs;
    // What was told before the range goes on in it.
    if (found.timeMs > fromMs) this.#count(found, { rule, row, series });
    this.#windows.add(window);
  }

  #count({ timeMs: atMs, value, average, samples }: NonNullable<JudgedStep['found']>, of: StepOf) {
    const { exchange, pair, monitor } = of.row;
    const { series } = of;
    if (!this.#counted) this.#told += 1;
    this.#counted = true;
    this.#alerts += 1;
    const place = { series, exchange, pair, monitor: monitor === null ? null : Number(monitor) };
    this.#first.push({ ...place, atMs, value, average, samples });
    if (this.#first.length >= 10 * FIRST_MAX) this.#first = this.#earliest();
  }

  #fits({ samples, average }: NonNullable<JudgedStep['found']>): boolean {
    const { kind, spec } = this.#asked;
    if (kind !== 'ratio') return true;
    return (samples ?? 0) >= spec.minSamples && (average ?? 0) >= (spec.minAverage ?? 0);
  }

  #earliest(): PreviewedAlert[] {
    return this.#first.toSorted((a, b) => a.atMs - b.atMs).slice(0, FIRST_MAX);
  }

  all(looked: number): Previewed {
    return { alerts: this.#alerts, series: this.#told, looked, first: this.#earliest() };
  }
}
