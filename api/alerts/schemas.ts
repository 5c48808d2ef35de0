/** The shapes of alerts, of what is asked of them and what is told about them. */
import { z } from 'zod';
import { alertBounds, alertMetrics } from '../../core/alert-rules.ts';
import { ALERT_OUTCOMES } from '../../registry/alert-events.ts';
import { ALERT_KINDS, FRESHNESS_KINDS, SCAN_STATES } from '../../registry/alerts.ts';
import {
  httpUrl,
  idText,
  intervalOf,
  label,
  next,
  open,
  pairPattern,
  plain,
  said,
  time,
} from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

const LENGTH = 'whole seconds, such as 90s, 5m or 1h';
const NAMES_MAX = alertBounds.names;

const length = (description: string) => intervalOf(LENGTH).meta({ type: 'string', description });
const list = <T extends z.ZodType>(item: T, description: string) =>
  z.array(item).min(1).max(NAMES_MAX).meta({ description });
const ids = (description: string) => list(z.int().min(1), description);
const name = plain(128);
const pair = plain(128).meta({ pattern: pairPattern });

/** Exactly one of them: where it is sent to. */
const address = {
  webhook: httpUrl.optional().meta({
    description: 'https or http; every message to it is signed (Standard Webhooks).',
    examples: ['https://example.com/hook'],
  }),
  slack: httpUrl.optional().meta({
    description: 'An incoming webhook of Slack, or of what takes the same.',
    examples: ['https://hooks.slack.com/services/T/B/x'],
  }),
  email: plain(254)
    .optional()
    .meta({ description: 'One address.', examples: ['me@example.com'] }),
  pagerduty: z
    .union([plain(64), z.strictObject({ key: plain(64), region: z.enum(['us', 'eu']).optional() })])
    .optional()
    .meta({ description: 'The integration key of an Events API v2 service.' }),
};

export const channelWish = z.strictObject(address).meta({ id: 'ChannelWish' });

const metric = z.enum(alertMetrics);

const about = {
  metric: open(z.union([metric, z.array(metric).min(1).max(alertMetrics.length)])).meta({
    description:
      'What is watched, one or several. `latency`: of monitors. Default price and volume.',
  }),
  pairs: open(list(pair, 'Only of these pairs.')).meta({ examples: [['btcusd', 'ETH/USD']] }),
  exchanges: open(list(name, 'Only of these exchanges.')),
  monitors: open(ids('Only of these monitors: of the metric `latency`, and of `scan`.')),
  factor: open(z.number().meta({ exclusiveMinimum: 1 })).meta({
    description: 'How many times the mean of the window before; above 1. Default 3.',
  }),
  direction: open(z.enum(['above', 'below', 'either'])).meta({
    description: '`below`: less than the mean divided by the factor. Default above.',
  }),
  window: open(length(`${LENGTH}: what the mean is of, and how often it is told. Default 1h.`)),
  minSamples: open(z.int().min(alertBounds.minSamples).max(1_000_000)).meta({
    description: 'With fewer points in the window there is no mean to compare with. Default 10.',
  }),
  minAverage: open(z.number().min(0)).meta({
    description: 'Series whose mean is below this are left alone.',
  }),
  above: open(z.number()).meta({ description: 'Values above this, instead of a factor.' }),
  below: open(z.number()).meta({ description: 'Values below this, instead of a factor.' }),
  scan: open(
    z.strictObject({
      states: open(list(z.enum(SCAN_STATES), 'Those that are told. Default down and unknown.')),
    }),
  ).meta({ description: 'The state of monitors, instead of a metric.' }),
  article: open(
    z.strictObject({
      rules: open(ids('Only matches of these rules.')),
      feeds: open(ids('Only of these feeds.')),
      symbols: open(list(plain(20), 'Only such that speak of one of these.')),
    }),
  ).meta({ description: 'Articles that a rule matches, instead of a metric.' }),
  freshness: open(
    z.strictObject({
      kinds: open(
        list(
          z.enum(FRESHNESS_KINDS),
          '`absent`: no points; `late`: old when they came; `frozen`: the same value all the time. ' +
            'Default absent.',
        ),
      ),
      after: open(length(`${LENGTH}: for how long. Default 10m, of frozen 1h.`)),
    }),
  ).meta({ description: 'Markets whose prices do not come, instead of a metric.' }),
};

const how = {
  name: open(label(200)).meta({ description: 'For people.' }),
  for: open(length('Only when it lasts so long. Default: at once.')),
  notify: open(z.enum(['window', 'incident'])).meta({
    description: '`window` (default): once in each; `incident`: once until it is over.',
  }),
  remind: open(length('Of `incident`: told again after so long, while it lasts. Default 1d.')),
  resolve: open(z.boolean()).meta({
    description: 'Whether its end is told too. Missing data never ends anything. Default false.',
  }),
  fallback: open(channelWish).meta({
    description: 'Where it is sent when the first address does not take it.',
  }),
};

export const alertWish = z
  .strictObject({ ...address, ...about, ...how })
  .meta({ id: 'AlertWish', examples: [{ webhook: 'https://example.com/hook' }] });

/** Null goes back to the default; absent stays as it is. */
export const alertPatch = z
  .strictObject({
    ...about,
    ...how,
    active: z.boolean().optional().meta({ description: 'Whether it is watched.' }),
    pause: open(length('Nothing is told for so long; null: it goes on at once.')),
  })
  .refine((change) => Object.keys(change).length > 0, { message: 'there is nothing to change' })
  .meta({ id: 'AlertChange', minProperties: 1 });

const moment = (description: string) => time.nullable().meta({ description });
const orNull = <T extends z.ZodType>(schema: T, description: string) =>
  said(schema.nullable(), description);

const shown = {
  id: said(z.int(), 'Its number, for ever.'),
  name: said(z.string(), 'For people.'),
  kind: z.enum(ALERT_KINDS).meta({ description: 'What it is about.' }),
  channel: said(z.int(), 'The number of the channel that it is sent to.'),
  fallback: orNull(z.int(), 'The number of the channel it goes to when that one does not take it.'),
  metric: said(z.array(metric), 'What is watched.'),
  direction: orNull(z.enum(['above', 'below', 'either']), 'Of `ratio`.'),
  factor: orNull(z.number(), 'Of `ratio`: how many times the mean.'),
  above: orNull(z.number(), 'Of `threshold`.'),
  below: orNull(z.number(), 'Of `threshold`.'),
  pairs: orNull(z.array(z.string()), 'Only these.'),
  exchanges: orNull(z.array(z.string()), 'Only these.'),
  monitors: orNull(z.array(z.int()), 'Only these.'),
  window: said(z.string(), 'Told once in each of them, for a series.'),
  minSamples: said(z.int(), 'Points of the window that there have to be.'),
  minAverage: orNull(z.number(), 'Least mean.'),
  scan: orNull(z.object({ states: z.array(z.enum(SCAN_STATES)) }), 'Of `scan`.'),
  article: orNull(
    z.object({
      rules: z.array(z.int()).nullable(),
      feeds: z.array(z.int()).nullable(),
      symbols: z.array(z.string()).nullable(),
    }),
    'Of `article`.',
  ),
  freshness: orNull(
    z.object({ kinds: z.array(z.enum(FRESHNESS_KINDS)), after: z.string() }),
    'Of `freshness`.',
  ),
  for: orNull(z.string(), 'How long it has to last.'),
  notify: z.enum(['window', 'incident']),
  remind: orNull(z.string(), 'Of `incident`.'),
  resolve: said(z.boolean(), 'Whether its end is told too.'),
  rules: said(z.array(z.string()), 'The Flux rules that find it; shared by all who want the same.'),
  active: said(z.boolean(), 'Whether it is watched.'),
  pausedUntil: moment('Nothing is told before; null: it is not paused.'),
  events: said(z.int(), 'How many alerts there were.'),
  last: moment('The point of the newest one.'),
  created: time,
  changed: time,
};

export const alertAnswer = z.object(shown).meta({ id: 'Alert' });

export const alertMade = z
  .object({
    ...shown,
    state: said(z.string(), 'Of its channel: nothing is sent to one that is not `active`.'),
    secret: z.string().optional().meta({
      description: 'What messages are signed with, of a webhook that is new. Never told again.',
    }),
    warnings: said(z.array(z.string()), 'What keeps it from being told.'),
  })
  .meta({ id: 'MadeAlert' });

const yesNo = z.enum(['true', 'false']).optional();

export const alertsQuery = z.strictObject({
  active: yesNo.meta({ description: 'Only such.' }),
  kind: z.enum(ALERT_KINDS).optional().meta({ description: 'Only of this kind.' }),
  channel: idText('Only those sent there.'),
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
});

export const alertsAnswer = z
  .object({ items: said(z.array(alertAnswer), 'By number.'), next })
  .meta({ id: 'Alerts' });

export const alertEventAnswer = z
  .object({
    id: said(z.int(), 'Its number, for ever.'),
    alert: said(z.int(), 'The number of the alert.'),
    series: said(z.string(), 'What it is of.'),
    exchange: orNull(z.string(), 'Of the series.'),
    pair: orNull(z.string(), 'Of the series.'),
    monitor: orNull(z.int(), 'Of the series.'),
    window: said(z.object({ start: time, end: time }), 'Told once in it.'),
    time: time.meta({ description: 'Of the point.' }),
    value: orNull(z.number(), 'Of the point.'),
    average: orNull(z.number(), 'Of the window before.'),
    samples: orNull(z.int(), 'How many points that is of.'),
    late: said(z.boolean(), 'It was found later than it should have been.'),
    outcome: z.enum(ALERT_OUTCOMES).meta({
      description:
        '`sent`; in a `digest` with others; `silenced`; `pending`: it has not lasted long enough; ' +
        '`incident`: it was told before and goes on; `unconfirmed`: its channel is not confirmed.',
    }),
    silence: orNull(z.int(), 'The number of the silence that held it back.'),
    delivery: orNull(z.int(), 'The number of the message.'),
    resolved: moment('When it was over.'),
    created: time,
  })
  .meta({ id: 'AlertEvent' });

const newest = {
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
};

export const alertEventsQuery = z.strictObject({
  outcome: z.enum(ALERT_OUTCOMES).optional().meta({ description: 'Only such.' }),
  ...newest,
});

export const allAlertEventsQuery = z.strictObject({
  outcome: z.enum(ALERT_OUTCOMES).optional().meta({ description: 'Only such.' }),
  alert: idText('Only of this alert.'),
  pair: pair.optional().meta({ description: 'Only of this pair.' }),
  exchange: name.optional().meta({ description: 'Only of this exchange.' }),
  ...newest,
});

export const alertEventsAnswer = z
  .object({ items: said(z.array(alertEventAnswer), 'The newest first.'), next })
  .meta({ id: 'AlertEvents' });

export const alertTested = z
  .object({
    alert: said(z.int(), 'Its number.'),
    delivery: said(z.int(), 'The number of the message: its state tells what became of it.'),
  })
  .meta({ id: 'AlertTest' });

export const previewWish = z
  .strictObject({
    ...address,
    ...about,
    ...how,
    range: open(length('How far back: 1d, the default, at most 7d.')),
  })
  .meta({ id: 'AlertPreviewWish' });

export const previewAnswer = z
  .object({
    from: time,
    to: time,
    alerts: said(z.int(), 'How often it would have been told.'),
    series: said(z.int(), 'Of how many series.'),
    looked: said(z.int(), 'How many series were looked at.'),
    first: said(
      z.array(
        z.object({
          series: z.string(),
          exchange: z.string().nullable(),
          pair: z.string().nullable(),
          monitor: z.int().nullable(),
          time,
          value: z.number(),
          average: z.number().nullable(),
          samples: z.int().nullable(),
        }),
      ),
      'By time, at most 100.',
    ),
  })
  .meta({ id: 'AlertPreview' });
