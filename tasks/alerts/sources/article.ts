import { z } from 'zod';
import { alertSeries } from '../../../core/alert-rules.ts';
import type { Database } from '../../../registry/database.ts';
import type { StoredEvent } from '../../../registry/events.ts';
import type { AlertSource } from '../service.ts';
import { createEventSource, type EventFinds } from './events.ts';

const match = z.object({
  event: z.literal('matched'),
  article: z.int(),
  feed: z.int(),
  title: z.string(),
  url: z.string().nullable(),
  publishedMs: z.number().nullable(),
  symbols: z.array(z.string()),
  rules: z.array(z.int()),
  initial: z.boolean(),
});

/** Articles that rules match. */
export function createArticleSource(registry: Database): AlertSource {
  return createEventSource({ registry, kind: 'article', read: articleFinds });
}

/** What was there before its feed was watched is not news. */
export function articleFinds({ at, data }: StoredEvent): EventFinds {
  const found = match.safeParse(data);
  if (!found.success || found.data.initial) return { firings: [], cleared: [] };
  const { article, feed, title, url, publishedMs, symbols, rules } = found.data;
  const published = publishedMs === null ? null : new Date(publishedMs).toISOString();
  const firing = {
    ...{ series: alertSeries.article(article), exchange: null, pair: null, monitor: null },
    ...{ atMs: at.getTime(), value: null, average: null, samples: null },
    data: {
      match: { rules, feed, symbols },
      about: { article, feed, title, url, published, symbols, rules },
      reason: `article: ${title}`,
    },
  };
  return { firings: [firing], cleared: [] };
}
