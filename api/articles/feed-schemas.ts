/** The shapes of feeds, of what is asked of them and what is told about them. */
import { z } from 'zod';
import { FEED_POLICIES, FEED_STATES } from '../../registry/feeds.ts';
import {
  credentials,
  headers,
  httpUrl,
  idText,
  intervalOf,
  label,
  next,
  open,
  said,
  tags,
  tagText,
  time,
} from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

export const INTERVAL_MS = { leastMs: 10_000, mostMs: 86_400_000 } as const;
const INTERVAL = 'whole seconds, such as 30s, 5m or 1h, from 10s to 1d';

const FETCH = ['never', 'matched', 'always'] as const;
const STORE = ['full', 'excerpt'] as const;
const BODY_BYTES_MAX = 25_000_000;

const settings = {
  name: open(label(200)).meta({ description: 'For people; else it goes by its own title.' }),
  interval: open(intervalOf(INTERVAL)).meta({
    type: 'string',
    description: `How often it is asked: ${INTERVAL}. Default: it adapts to the feed.`,
    examples: ['10s', '5m'],
  }),
  headers: open(headers),
  credentials: open(credentials),
  fetch: open(z.enum(FETCH)).meta({
    description:
      'Pages of which articles are read: of `never` one, of those that a rule matches or needs ' +
      'the text of (`matched`, the default), of `always` all.',
  }),
  store: open(z.enum(STORE)).meta({
    description:
      '`full`, or `excerpt`: link, first 300 characters and hash only. Default: ARTICLES_STORE.',
  }),
  policy: open(z.enum(FEED_POLICIES)).meta({
    description: 'By what its articles are told apart. Default: found by itself.',
  }),
  bodyBytesMax: open(z.int().min(1_024).max(BODY_BYTES_MAX)).meta({
    description: 'Most bytes of the feed that are read, after decompression. Default 20 MiB.',
  }),
  tags: open(tags),
};

export const feedWish = z
  .strictObject({
    url: httpUrl.meta({
      description:
        'http or https; a page that names its feed will do. Credentials in it are taken out and ' +
        'kept as a header.',
      examples: ['https://example.com/rss'],
    }),
    ...settings,
  })
  .meta({ id: 'FeedWish' });

/** Null goes back to the default; absent stays as it is. */
export const feedPatch = z
  .strictObject({
    ...settings,
    active: z.boolean().optional().meta({ description: 'Whether it is watched.' }),
  })
  .refine((change) => Object.keys(change).length > 0, { message: 'there is nothing to change' })
  .meta({ id: 'FeedChange', minProperties: 1 });

const text = (description: string) => said(z.string().nullable(), description);
const moment = (description: string) => time.nullable().meta({ description });

const shown = {
  id: said(z.int(), 'Its number, for ever.'),
  url: said(z.string(), 'As it was asked for, without credentials and fragment.'),
  name: text('For people.'),
  title: text('What it calls itself.'),
  link: text('The page that it is about.'),
  active: said(z.boolean(), 'Whether it is watched.'),
  state: z.enum(FEED_STATES).meta({
    description:
      '`new`: not checked so far. `failing`: the last check failed, for `reason`. `gone`: its ' +
      'server says that it is no more, and it is not asked again.',
  }),
  reason: z
    .string()
    .nullable()
    .meta({
      description:
        'How the last check ended, of a closed set; `ok`, `not-modified` and `same` are good.',
      examples: ['ok', 'timeout', 'not-a-feed'],
    }),
  message: text('What was wrong, in words.'),
  status: said(z.int().nullable(), 'Of HTTP, of the last check.'),
  failures: said(z.int(), 'Checks in a row that failed.'),
  due: moment('When it is checked next; null: it is not.'),
  checking: said(z.boolean(), 'A check is under way.'),
  why: text('Why it waits as long as it does.'),
  interval: text('How often it is to be asked; null: it adapts.'),
  intervalNow: text('How often it is asked now.'),
  fetchUrl: said(z.string(), 'Where it is asked: permanent redirects move it.'),
  host: said(z.string(), 'Whose requests it takes its turn with.'),
  lastCheck: moment('When it was checked last.'),
  lastNew: moment('When it last had something new.'),
  checks: said(z.int(), 'How many there were.'),
  unchanged: said(z.int(), 'How many of them had nothing new.'),
  articles: said(z.int(), 'How many it had so far.'),
  items: said(z.int().nullable(), 'In its last body.'),
  format: text('`rss`, `rdf`, `atom` or `json`.'),
  language: text('As it says.'),
  damage: said(z.array(z.string()), 'What was wrong with its last body, and read all the same.'),
  policy: said(z.enum(FEED_POLICIES).nullable(), 'As it was asked for; null: found by itself.'),
  policyNow: said(z.enum(FEED_POLICIES), 'By what its articles are told apart now.'),
  fetch: said(z.enum(FETCH), 'Pages of which articles are read.'),
  store: said(z.enum(STORE), 'What is kept of its articles.'),
  headers: said(z.array(z.string()), 'Names; the values are secret.'),
  credentials: said(z.boolean(), 'Whether it has such; they are secret.'),
  bodyBytesMax: said(z.int(), 'Most bytes of it that are read, after decompression.'),
  tags: said(z.record(z.string(), z.string()), 'Words to find it by.'),
  created: time,
  changed: time,
};

export const feedAnswer = z
  .object({
    ...shown,
    warnings: said(
      z.array(z.string()),
      'What keeps it from being asked as it is to be: no worker, a host with too many feeds.',
    ),
  })
  .meta({ id: 'Feed' });

export const feedsQuery = z.strictObject({
  active: z.enum(['true', 'false']).optional().meta({ description: 'Only such.' }),
  state: z.enum(FEED_STATES).optional().meta({ description: 'Only those that are so now.' }),
  host: z.string().min(1).max(262).optional().meta({ description: 'Only those asked there.' }),
  text: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Part of the URL, name or title.' }),
  tag: tagText,
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
});

export const feedsAnswer = z
  .object({ items: said(z.array(feedAnswer), 'By number.'), next })
  .meta({ id: 'Feeds' });

export const checkAnswer = z
  .object({
    feed: said(z.int(), 'Its number.'),
    due: moment('When it is checked: at once, as far as its host may be asked.'),
    checking: said(z.boolean(), 'A check is under way already: that one counts.'),
  })
  .meta({ id: 'FeedCheck' });

export const importAnswer = z
  .object({
    added: said(z.int(), 'Feeds that were made.'),
    known: said(z.int(), 'Feeds that were there, on or off, and stay as they are.'),
    refused: said(
      z.array(
        z.object({
          url: said(z.string(), 'As it stands there.'),
          why: said(z.string(), 'What is wrong with it.'),
        }),
      ),
      'Those that cannot be asked.',
    ),
    damage: said(z.array(z.string()), 'What was wrong with the list, and read all the same.'),
  })
  .meta({ id: 'FeedImport' });
