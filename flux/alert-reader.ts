import type { AlertRule } from '../core/alert-rules.ts';
import type { Influx } from '../core/influx/influx.ts';
import {
  ALERT_MARK,
  createAlertQueries,
  type SeriesTags,
  type StepRange,
  seriesOf,
} from './alert-queries.ts';

/** A step that a rule was evaluated for. */
export interface AlertMark {
  readonly rule: string;
  /** When the step ended. */
  readonly stepMs: number;
  readonly found: number;
}

/** A point that a rule found. */
export interface FoundPoint extends SeriesTags {
  readonly series: string;
  readonly timeMs: number;
  readonly value: number;
  /** Mean and number of the points of the window; null for rules that have none. */
  readonly average: number | null;
  readonly samples: number | null;
}

export interface SeriesDetails {
  /** Oldest first, at most 20. */
  readonly recent: readonly (readonly [iso: string, value: number])[];
  readonly rank: { readonly rank: number; readonly of: number } | null;
}

/** All ranges: after `fromMs`, up to and with `toMs`. Each call is one query, `details` two. */
export interface AlertReader {
  /** The evaluated steps of all rules, oldest first. */
  marks(range: StepRange, signal?: AbortSignal): Promise<AlertMark[]>;
  /** Oldest first. */
  found(rule: AlertRule, range: StepRange, signal?: AbortSignal): Promise<FoundPoint[]>;
  /** By the name of the series; for few of them. */
  details(
    rule: AlertRule,
    series: readonly SeriesTags[],
    atMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, SeriesDetails>>;
  /** `exchange:pair:ms` of the prices that were filled in after the fact. */
  backfilled(range: StepRange, signal?: AbortSignal): Promise<Set<string>>;
  /** Names of the series that have a point of the rule's field. */
  seen(rule: AlertRule, range: StepRange, signal?: AbortSignal): Promise<Set<string>>;
}

const RECENT = 20;
/** Time in which a series has that many points, unless it has few: then it has fewer here. */
const RECENT_MS = { least: 2 * 3_600_000, most: 24 * 3_600_000 };

const TAGS = { exchange: 'string?', pair: 'string?', monitor: 'string?' } as const;
const MARK = { task: 'string', _time: 'time', _value: 'long' } as const;
const FIELD = { ...TAGS, _time: 'time', _field: 'string', _value: 'text' } as const;
const POINT = { ...TAGS, _time: 'time', _value: 'double' } as const;
const RANK = { exchange: 'string', pair: 'string', _field: 'string', _value: 'long' } as const;
const BACKFILLED = { _time: 'time', exchange: 'string', pair: 'string' } as const;

/** Reads what the rules of alerts found. Throws what the client throws. */
export function createAlertReader(influx: Pick<Influx, 'collect' | 'bucket'>): AlertReader {
  const queries = createAlertQueries(influx);
  return {
    async marks(range, signal) {
      const rows = await influx.collect(queries.marks(range), MARK, { ...(signal && { signal }) });
      return rows
        .map(({ task, _time, _value }) => ({
          rule: task.slice(ALERT_MARK.length),
          stepMs: Date.parse(_time),
          found: _value,
        }))
        .sort((a, b) => a.stepMs - b.stepMs);
    },
    async found(rule, range, signal) {
      const flux = queries.found(rule, range);
      return foundOf(rule, await influx.collect(flux, FIELD, { ...(signal && { signal }) }));
    },
    async details(rule, series, atMs, signal) {
      if (series.length === 0) return new Map();
      const spanMs = Math.max(RECENT_MS.least, Math.min(rule.windowMs, RECENT_MS.most));
      const range = { fromMs: atMs - spanMs, toMs: atMs, newest: RECENT };
      const how = signal && { signal };
      const flux = queries.recent(rule, series, range);
      const markets = series.filter(({ pair }) => pair !== null);
      const [points, ranks] = await Promise.all([
        influx.collect(flux, POINT, { ...how }),
        markets.length === 0 ? [] : influx.collect(queries.ranks(markets, atMs), RANK, { ...how }),
      ]);
      return detailsOf(rule, series, { points, ranks });
    },
    async backfilled(range, signal) {
      const flux = queries.backfilled(range);
      const rows = await influx.collect(flux, BACKFILLED, { ...(signal && { signal }) });
      return new Set(
        rows.map(({ exchange, pair, _time }) => `${exchange}:${pair}:${Date.parse(_time)}`),
      );
    },
    async seen(rule, range, signal) {
      const flux = queries.seen(rule, range);
      const rows = await influx.collect(flux, TAGS, { ...(signal && { signal }) });
      return new Set(rows.map((tags) => seriesOf(rule, tags)));
    },
  };
}

interface FieldRow extends SeriesTags {
  readonly _time: string;
  readonly _field: string;
  readonly _value: string;
}

/** Rows of fields side by side, by series and time. */
function foundOf(rule: AlertRule, rows: readonly FieldRow[]): FoundPoint[] {
  const points = new Map<string, { head: FoundPoint; fields: Map<string, number> }>();
  for (const { _time, _field, _value, exchange, pair, monitor } of rows) {
    const tags = { exchange, pair, monitor };
    const series = seriesOf(rule, tags);
    const key = `${series} ${_time}`;
    let point = points.get(key);
    if (point === undefined) {
      const empty = { value: Number.NaN, average: null, samples: null };
      const head = { ...tags, series, timeMs: Date.parse(_time), ...empty };
      point = { head, fields: new Map() };
      points.set(key, point);
    }
    point.fields.set(_field, Number(_value));
  }
  return [...points.values()]
    .flatMap(({ head, fields }) => {
      const value = fields.get('value');
      // A point that is being written while it is read: the next look has all of it.
      if (value === undefined) return [];
      const average = fields.get('average') ?? null;
      return [{ ...head, value, average, samples: fields.get('samples') ?? null }];
    })
    .sort((a, b) => a.timeMs - b.timeMs);
}

interface DetailRows {
  readonly points: readonly (SeriesTags & { readonly _time: string; readonly _value: number })[];
  readonly ranks: readonly {
    readonly exchange: string;
    readonly pair: string;
    readonly _field: string;
    readonly _value: number;
  }[];
}

function detailsOf(
  rule: AlertRule,
  series: readonly SeriesTags[],
  { points, ranks }: DetailRows,
): Map<string, SeriesDetails> {
  const wanted = new Set(series.map((tags) => seriesOf(rule, tags)));
  const recent = new Map<string, (readonly [string, number])[]>();
  // The patterns fit each name with each other: what nobody asked for is left out here.
  for (const { _time, _value, ...tags } of points) {
    const name = seriesOf(rule, tags);
    if (!wanted.has(name)) continue;
    const list = recent.get(name) ?? [];
    list.push([_time, _value]);
    recent.set(name, list);
  }
  const places = new Map(
    ranks.map(({ exchange, pair, _field, _value }) => [`${_field} ${exchange} ${pair}`, _value]),
  );
  return new Map(
    series.map((tags) => {
      const name = seriesOf(rule, tags);
      const rank = places.get(`rank ${tags.exchange} ${tags.pair}`);
      const of = places.get(`of ${tags.exchange} ${tags.pair}`);
      const place = rank === undefined || of === undefined ? null : { rank, of };
      return [name, { recent: recent.get(name) ?? [], rank: place }];
    }),
  );
}
