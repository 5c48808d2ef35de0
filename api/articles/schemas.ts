/** The shapes of articles. */
import { z } from 'zod';
import { durationHelp } from '../../core/duration.ts';
import { idText, momentText, said, time } from '../http/field-schemas.ts';
import { wholeNumber } from '../schemas.ts';
import { jobAnswer } from './job-schemas.ts';

const text = (description: string) => said(z.string().nullable(), description);
const moment = (description: string) => time.nullable().meta({ description });
const seen = (from: string) =>
  momentText(`${from}: a time (RFC 3339) or ${durationHelp}.`).optional();

const shown = {
  id: said(z.int(), 'Its number, for ever.'),
  feed: said(z.int(), 'The number of its feed.'),
  feedName: text('As its user calls the feed, or it calls itself.'),
  guid: text('As the feed calls it.'),
  url: text('Its page.'),
  pageUrl: text('Where the page was in the end; null: it was not read.'),
  title: said(z.string(), 'Plain text.'),
  summary: said(z.string(), 'Plain text.'),
  authors: said(z.array(z.string()), 'Names.'),
  categories: said(z.array(z.string()), 'As the feed has them.'),
  symbols: said(z.array(z.string()), 'Currencies that it speaks of: BTC, ETH.'),
  language: text('As it says.'),
  published: moment('As the publisher says; null: he does not.'),
  updated: moment('As the publisher says.'),
  seen: time.meta({ description: 'When it was seen first.' }),
  changed: time.meta({ description: 'When it was last seen in other words.' }),
  revision: said(z.int(), '1, and one more with each such change.'),
  bodyState: z.enum(['none', 'queued', 'feed', 'page', 'failed']).meta({
    description: 'Where its text is from: the `feed`, its `page`; `queued`: it is to be read.',
  }),
  rules: said(
    z.array(
      z.object({
        rule: said(z.int(), 'The number of a rule that it matches.'),
        name: said(z.string(), 'Of the rule.'),
        clauses: said(z.array(z.unknown()), 'What was found where: `clause`, `field`, `at`.'),
      }),
    ),
    'What it is matched by.',
  ),
};

export const articleAnswer = z.object(shown).meta({ id: 'Article' });

export const articleDetail = z
  .object({
    ...shown,
    content: text('Markup made harmless: of the feed, or of the page once that was read.'),
    body: text('Plain text of the page.'),
    job: jobAnswer.nullable().meta({ description: 'That of its page; null: it has none.' }),
  })
  .meta({ id: 'ArticleDetail' });

const SYMBOL = /^\$?[A-Za-z0-9]{1,15}$/;

export const articlesQuery = z.strictObject({
  feed: idText('Only of this feed.'),
  rule: idText('Only those that this rule matches.'),
  matched: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Only those that some rule matches, or none.' }),
  symbol: z
    .string()
    .regex(SYMBOL, 'expected letters and digits')
    .transform((symbol) => symbol.replace('$', '').toUpperCase())
    .optional()
    .meta({ type: 'string', description: 'Only those that speak of it.', examples: ['BTC'] }),
  text: z.string().min(1).max(500).optional().meta({
    description: 'Words, "phrases", `or`, `-without`, in title, summary and text of the page.',
  }),
  start: seen('Seen from'),
  stop: seen('Seen before'),
  limit: wholeNumber(1_000)
    .optional()
    .meta({ description: 'On a page. Default: 100; of NDJSON all, streamed.' }),
  cursor: z
    .string()
    .regex(/^[0-9]{1,16}(?:\.[0-9]{1,9})?_[0-9]{1,15}$/, 'expected the `next` of the page before')
    .optional()
    .meta({ description: 'The `next`, or `Tidemark-Next`, of the page before.' }),
  format: z.enum(['json', 'ndjson']).optional().meta({ description: 'Wins over `Accept`.' }),
});

export const articlesAnswer = z
  .object({
    items: said(z.array(articleAnswer), 'The newest first.'),
    next: said(z.string().nullable(), 'Pass as `cursor` for the next page; null: the end.'),
  })
  .meta({ id: 'Articles' });
