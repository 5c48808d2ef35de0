import { z } from 'zod';
import type { StepKey } from './alert-steps.ts';
import { type Queries, rowsOf } from './database.ts';
import { lockChannels } from './deliveries.ts';
import { NOW_MS } from './sql-values.ts';

/** Sources whose finds are for all alerts of a kind; everything else is found by a rule. */
const SOURCES = ['scan', 'article', 'freshness'] as const;
type Source = (typeof SOURCES)[number];

/** `freshness-late` is a rule of the source `freshness`; undefined: it is a Flux rule. */
function sourceOf(rule: string): Source | undefined {
  return SOURCES.find((source) => rule === source || rule.startsWith(`${source}-`));
}

/** Alerts that are told of a rule, `$1` being its key, or of a source, `$1` being the kind. */
function wantedBy(rule: string): string {
  const wants = sourceOf(rule) === undefined ? 'a.rules @> array[$1]' : 'a.kind = $1';
  return `a.active and coalesce(a.paused_until_ms, 0) <= ${NOW_MS} and ${wants}`;
}

const wantOf = (rule: string): string => sourceOf(rule) ?? rule;

export interface ChannelShare {
  readonly channel: number;
  /** How many alerts of it are told of the rule. */
  readonly alerts: number;
}

/** The next channels, by number, that have alerts with a rule. */
export async function channelsOf(
  queries: Queries,
  { rule, after, limit }: { readonly rule: string; readonly after: number; readonly limit: number },
): Promise<ChannelShare[]> {
  const rows = await queries.query(
    `select a.channel, count(*) as alerts from alerts a
     where ${wantedBy(rule)} and a.channel > $2 group by a.channel order by a.channel limit $3`,
    [wantOf(rule), after, limit],
  );
  return rowsOf(z.object({ channel: z.int(), alerts: z.int() }), rows);
}

const toldAlert = z.object({
  id: z.int(),
  name: z.string(),
  kind: z.string(),
  channel: z.int(),
  fallback: z.int().nullable(),
  windowMs: z.number(),
  /** It has incidents. */
  tracked: z.boolean(),
});

/** An alert as it is told of. */
export type ToldAlert = z.infer<typeof toldAlert>;

const TRACKED = `((a.spec->>'forMs')::bigint > 0 or a.spec->>'notify' = 'incident'
  or (a.spec->>'resolve')::boolean)`;

/**
 * The alerts of some channels with a rule. Until the transaction ends they stay as they are, and
 * nobody else spreads the rule.
 */
export async function lockAlerts(
  queries: Queries,
  { rule, channels }: { readonly rule: string; readonly channels: readonly number[] },
): Promise<ToldAlert[]> {
  await queries.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`alert ${rule}`]);
  // Before the alerts: who makes an alert has its channel first, too.
  await lockChannels(queries, channels);
  const rows = await queries.query(
    `select a.id, a.name, a.kind, a.channel, a.fallback, a.window_ms as "windowMs",
       ${TRACKED} as tracked
     from alerts a where ${wantedBy(rule)} and a.channel = any($2::bigint[])
     order by a.id for share`,
    [wantOf(rule), channels],
  );
  return rowsOf(toldAlert, rows);
}

/** What a list of a subscription says, as an array; null: it says nothing. */
const listOf = (name: string, type: 'text' | 'bigint'): string =>
  `case when jsonb_typeof(a.spec->'${name}') = 'array'
     then array(select value::${type} from jsonb_array_elements_text(a.spec->'${name}')) end`;

/** What a kind of alerts asks besides exchange, pair and monitor. */
const FITS: Readonly<Record<Source | 'rule', string>> = {
  rule: `(w.kind <> 'ratio' or f.samples >= (w.spec->>'minSamples')::int
    and (w.spec->>'minAverage' is null or f.average >= (w.spec->>'minAverage')::float8))`,
  scan: `(jsonb_array_length(w.spec->'states') = 0
    or w.spec->'states' ? (f.data->'match'->>'state'))`,
  article: `(w.spec->'articleRules' = 'null' or exists (
      select 1 from jsonb_array_elements(f.data->'match'->'rules') as r
      where w.spec->'articleRules' @> r))
    and (w.spec->'feeds' = 'null' or w.spec->'feeds' @> (f.data->'match'->'feed'))
    and (w.spec->'symbols' = 'null' or exists (
      select 1 from jsonb_array_elements(f.data->'match'->'symbols') as s
      where w.spec->'symbols' @> s))`,
  freshness: `w.spec->'freshness' ? (f.data->'match'->>'freshness')
    and coalesce((f.data->'match'->>'ageMs')::float8 >= (w.spec->>'afterMs')::float8, true)
    and (w.pairs is not null or not coalesce((f.data->'match'->'named')::boolean, false))`,
};

/** How far a firing is from what is usual: what is told first. */
const STRENGTH = `case when f.value > 0 and f.average > 0 then abs(ln(f.value) - ln(f.average))
  else abs(coalesce(f.value, 0)) end`;

/** `$1` rule, `$2` end of the step, `$3` ids of alerts. */
function candidates(rule: string): string {
  return `wanted as materialized (
      select a.id, a.channel, a.kind, a.spec, a.window_ms, ${TRACKED} as tracked,
        (extract(epoch from a.created) * 1000)::bigint as since_ms,
        (a.spec->>'forMs')::bigint as for_ms,
        ${listOf('pairs', 'text')} as pairs, ${listOf('exchanges', 'text')} as exchanges,
        ${listOf('monitors', 'bigint')} as monitors
      from alerts a where a.id = any($3::bigint[])),
    found as materialized (
      select f.* from alert_firings f where f.rule = $1 and f.step_ms = $2),
    fitting as materialized (
      select w.id as alert, w.channel, w.kind, w.spec, w.tracked, w.for_ms, f.id as firing,
        f.series, f.exchange, f.pair, f.monitor, f.at_ms, f.value,
        f.at_ms - mod(f.at_ms, w.window_ms) as window_ms
      from wanted w join found f on f.step_ms >= w.since_ms
        and (w.pairs is null or f.pair = any(w.pairs))
        and (w.exchanges is null or f.exchange = any(w.exchanges))
        and (w.monitors is null or f.monitor = any(w.monitors))
        and ${FITS[sourceOf(rule) ?? 'rule']})`;
}

export interface StepAlerts extends StepKey {
  readonly alerts: readonly number[];
}

/** Notes which series are (still) remarkable for alerts that care how long that lasts. */
export async function noteIncidents(queries: Queries, step: StepAlerts): Promise<void> {
  await queries.query(
    `with ${candidates(step.rule)}
     insert into alert_incidents as i (alert, rule, series, since_ms, last_ms)
     select distinct alert, $1, series, $2::bigint, $2::bigint from fitting where tracked
     order by alert, series
     on conflict (alert, rule, series) do update set
       last_ms = greatest(i.last_ms, excluded.last_ms),
       clear_ms = case when i.clear_ms <= excluded.last_ms then null else i.clear_ms end`,
    [step.rule, step.stepMs, step.alerts],
  );
}

const told = z.object({
  channel: z.int(),
  series: z.string(),
  /** Of the alerts of this channel: each with its event. Of a digest only the first. */
  alerts: z.array(z.int()),
  events: z.array(z.int()),
  windows: z.array(z.number()),
  firing: z.int(),
  /** How many series the channel is told of, and which of them this is, the strongest first. */
  of: z.int(),
  nr: z.int(),
});

/** A series that a channel is to be told of. */
export type ToldSeries = z.infer<typeof told>;

const added = z.object({
  told: z.array(told),
  outcomes: z.record(z.string(), z.int()),
});

/** What came of it, and what is to be sent. */
export type AddedEvents = z.infer<typeof added>;

/** What becomes of a candidate. The end of the step is the time by which incidents are counted. */
const OUTCOME = `case
    when c.for_ms > 0 and $2 - coalesce(i.since_ms, $2) < c.for_ms then 'pending'
    when c.spec->>'notify' = 'incident' and i.told_ms is not null
      and coalesce($2 - i.told_ms < (c.spec->>'remindMs')::bigint, true) then 'incident'
    when q.id is not null then 'silenced'
    when ch.state = 'unconfirmed' then 'unconfirmed'
    else 'sent' end`;

const SILENCED = `select min(q.id) as id from quiet q
  where (q.matcher->'alerts' is null or q.matcher->'alerts' @> to_jsonb(c.alert))
    and (q.matcher->'kinds' is null or q.matcher->'kinds' ? c.kind)
    and (q.matcher->'exchanges' is null or q.matcher->'exchanges' ? c.exchange)
    and (q.matcher->'pairs' is null or q.matcher->'pairs' ? c.pair)
    and (q.matcher->'monitors' is null or q.matcher->'monitors' @> to_jsonb(c.monitor))`;

/**
 * Makes the events of a step for some alerts: one for each alert, series and window, whoever does
 * it and however often. Of a channel with more than `digest` series all are of one message: then
 * only the first `named` are given.
 */
export async function addEvents(
  queries: Queries,
  step: StepAlerts,
  { digest, named }: { readonly digest: number; readonly named: number },
): Promise<AddedEvents> {
  const rows = await queries.query(
    `with ${candidates(step.rule)},
     quiet as materialized (
       select id, matcher from silences where from_ms <= ${NOW_MS} and until_ms > ${NOW_MS}),
     judged as materialized (
       select distinct on (c.alert, c.series, c.window_ms) c.*, q.id as silence,
         ${OUTCOME} as outcome
       from fitting c join channels ch on ch.id = c.channel
       left join alert_incidents i
         on c.tracked and i.alert = c.alert and i.rule = $1 and i.series = c.series
       left join lateral (${SILENCED}) q on true
       order by c.alert, c.series, c.window_ms, c.at_ms),
     kept as (
       insert into alert_events as e (alert, series, window_ms, firing, at_ms, value, outcome,
         silence)
       select alert, series, window_ms, firing, at_ms, value, outcome,
         case when outcome = 'silenced' then silence end
       from judged order by alert, series, window_ms
       on conflict (alert, series, window_ms) do update set firing = excluded.firing,
         at_ms = excluded.at_ms, value = excluded.value, outcome = excluded.outcome,
         silence = excluded.silence
       where e.outcome in ('pending', 'incident')
         and excluded.outcome not in ('pending', 'incident')
       returning id, alert, series, window_ms, firing, outcome),
     fresh as (
       select k.*, a.channel, ${STRENGTH} as strength
       from kept k join alerts a on a.id = k.alert join alert_firings f on f.id = k.firing
       where k.outcome in ('sent', 'unconfirmed')),
     by_series as (
       select channel, series, array_agg(alert order by alert, window_ms) as alerts,
         array_agg(id order by alert, window_ms) as events,
         array_agg(window_ms order by alert, window_ms) as windows, min(firing) as firing,
         max(strength) as strength
       from fresh group by channel, series),
     numbered as (
       select *, count(*) over (partition by channel) as of,
         row_number() over (partition by channel order by strength desc, series) as nr
       from by_series),
     told as (
       select channel, series, firing, of, nr,
         case when of > $4 then alerts[1:1] else alerts end as alerts,
         case when of > $4 then events[1:1] else events end as events,
         case when of > $4 then windows[1:1] else windows end as windows
       from numbered where of <= $4 or nr <= $5)
     select coalesce((select jsonb_agg(to_jsonb(told) order by channel, nr) from told), '[]')
         as told,
       coalesce((select jsonb_object_agg(outcome, n)
         from (select outcome, count(*) as n from kept group by outcome) as o), '{}') as outcomes`,
    [step.rule, step.stepMs, step.alerts, digest, named],
  );
  return rowsOf(added, rows)[0]!;
}

export interface EventDelivery {
  readonly event: number;
  readonly delivery: number;
}

/** Notes which delivery tells of which event. */
export async function noteDeliveries(
  queries: Queries,
  list: readonly EventDelivery[],
): Promise<void> {
  if (list.length === 0) return;
  await queries.query(
    `update alert_events e set delivery = u.delivery
     from unnest($1::bigint[], $2::bigint[]) as u (event, delivery) where e.id = u.event`,
    [list.map(({ event }) => event), list.map(({ delivery }) => delivery)],
  );
}

export interface ChannelDelivery {
  readonly channel: number;
  readonly delivery: number;
}

/**
 * Notes that what channels are told of a step is in one delivery each: all that has none yet. In
 * the transaction that made the events, after `noteDeliveries`.
 */
export async function noteDigests(
  queries: Queries,
  { alerts }: StepAlerts,
  list: readonly ChannelDelivery[],
): Promise<void> {
  if (list.length === 0) return;
  await queries.query(
    `update alert_events e set delivery = u.delivery, outcome = 'digest'
     from alerts a, unnest($2::bigint[], $3::bigint[]) as u (channel, delivery)
     where e.alert = any($1::bigint[]) and e.outcome in ('sent', 'unconfirmed')
       and e.delivery is null and a.id = e.alert and a.channel = u.channel`,
    [alerts, ...[list.map(({ channel }) => channel), list.map(({ delivery }) => delivery)]],
  );
}
