/**
 * What the OpenAPI document shows where docs/api.md has no example: by the name of the shape.
 * Most are parts of what that page has, so that one thing looks the same everywhere.
 */
import { z } from 'zod';
import type { Route } from '../http/route.ts';
import { examples } from './examples.ts';

type Json = Record<string, unknown>;

/** By the name of the shape, or by operation and status where that shape says something else. */
export type Samples = ReadonlyMap<string, unknown>;

/** The name of a shape that has one: `meta({id})`. */
export function componentOf(schema: z.ZodType | undefined): string | undefined {
  return schema && z.globalRegistry.get(schema)?.id;
}

/** Of every shape that has a name and stands as a body or an answer. */
export function samplesOf(routes: readonly Route[]): Samples {
  const found = new Map<string, unknown>();
  for (const { id, body, answers } of routes) {
    const example = examples[id];
    if (example === undefined) continue;
    if (!isEmpty(example.answer)) keep(found, answers[example.status]?.schema, example.answer);
    keep(found, body, example.body);
  }
  const known = (name: string) => (found.get(name) ?? {}) as Json;
  for (const [name, sample] of [...wishes(), ...things(known)]) {
    if (!found.has(name)) found.set(name, sample);
  }
  for (const [name, item] of Object.entries(PAGES)) {
    if (!found.has(name)) found.set(name, pageOf(known(item)));
  }
  return found;
}

/** A page without anything on it shows nobody what a page is like. */
export function isEmpty(sample: unknown): boolean {
  const { items } = (sample ?? {}) as { readonly items?: unknown };
  return Array.isArray(items) && items.length === 0;
}

function keep(found: Map<string, unknown>, schema: z.ZodType | undefined, sample: unknown): void {
  const name = componentOf(schema);
  if (name !== undefined && sample !== undefined && !found.has(name)) found.set(name, sample);
}

const PAGES: Readonly<Record<string, string>> = {
  Alerts: 'Alert',
  Backfills: 'Backfill',
  Channels: 'Channel',
  Deliveries: 'Delivery',
  Rules: 'Rule',
  Silences: 'Silence',
};

/** What is asked for. */
function wishes(): readonly (readonly [string, unknown])[] {
  return [
    ['ExchangeAddition', { exchange: 'kraken', interval: '5s' }],
    ['MonitorChange', { interval: '5m', name: 'The shop' }],
    ['FeedChange', { interval: '5m', name: 'Coins' }],
    ['RuleChange', { active: false }],
    ['AlertChange', { factor: 4, window: '30m' }],
    ['SilenceChange', { until: '4h' }],
    ['RotateWish', { grace: '1d' }],
    ['KeyWish', { name: 'grafana', role: 'read', expires: '90d', ratePerSecond: 5 }],
  ];
}

/** What is told, from what is known of the same thing. */
function things(known: (name: string) => Json): readonly (readonly [string, unknown])[] {
  const { warnings: _, ...monitor } = known('ChangedMonitor');
  const feed = known('Feed');
  const { state: _state, secret: _secret, warnings: _warnings, ...alert } = known('MadeAlert');
  const { payload: _payload, tries: _tries, ...delivery } = known('WholeDelivery');
  const [key] = known('Keys').items as [Json];
  const [job] = known('Jobs').items as [Json];
  const secret = `tdm_4fQ2kXb9_${'7Lr0cHyWz8sEj3uNaPd6GmVtQ1oKiB5xUeRf2JkTn4h'}`;
  return [
    ['Monitor', monitor],
    ['Monitors', pageOf({ ...monitor, id: 2, url: 'https://shop.example/eth' })],
    ['Feeds', pageOf({ ...feed, id: 2, url: 'https://news.example/atom', ...FAILING })],
    ['MonitorDetail', { ...monitor, state: 'up', reason: 'ok', status: 200 }],
    ['ScanTrace', SCAN],
    ['Alert', alert],
    ['AlertTest', { alert: 1, delivery: 2 }],
    ['RotatedChannel', { ...known('Channel'), secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    ['Delivery', delivery],
    ['Job', job],
    ['Key', key],
    ['MadeKey', { ...key, secret, warnings: [] }],
    ['RevokedKey', { ...key, ...REVOKED, warnings: [] }],
    ['FluxExamples', FLUX],
    ['Index', INDEX],
    ['ready 503', NOT_READY],
    ['openapi 200', { openapi: '3.1.0', info: { title: 'Tidemark', version: '0.1.0' }, paths: {} }],
    ['ErrorAnswer', { error: { code: 'conflict', message: 'it is the last key' } }],
  ];
}

const pageOf = (item: Json) => ({ items: [item], next: null });

const FAILING = { state: 'failing', reason: 'timeout', message: 'no answer in 30 s', failures: 2 };
const REVOKED = { state: 'revoked', revoked: '2022-10-11T05:00:00.000Z', revokedBy: 'ops' };
const FLUX = {
  items: [{ name: 'buckets', about: 'The buckets that there are.', query: 'buckets()' }],
};
const INDEX = {
  name: 'Tidemark',
  version: '0.1.0',
  links: { pairs: '/api/v1/pairs', openapi: '/openapi.json' },
};
const NOT_READY = {
  status: 'not-ready',
  checks: [
    { name: 'registry', ok: true },
    {
      name: 'influx',
      ok: false,
      reason: 'connect ECONNREFUSED 192.0.2.8:8086',
      fix: 'start InfluxDB, or set INFLUX_URL',
    },
  ],
};
const PHASES = { dns: 1.5, connect: 9.25, tls: 21, firstByte: 30.5, transfer: 2 };
const SCAN = {
  monitor: 1,
  ok: true,
  reason: 'ok',
  means: 'up',
  text: 'answered as expected',
  started: '2022-10-11T03:35:00.000Z',
  totalMs: 65,
  phases: PHASES,
  hops: [
    {
      url: 'https://shop.example/btc',
      status: 200,
      address: '192.0.2.80',
      port: 443,
      phases: PHASES,
    },
  ],
  status: 200,
  httpVersion: '1.1',
  wireBytes: 1290,
  bodyBytes: 5120,
  truncated: false,
  matched: true,
  match: { at: 812, text: 'price: 42.5', values: { price: 42.5 } },
};
