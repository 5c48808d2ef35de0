/** The shapes of jobs: pages of articles that are to be read, or were. */
import { z } from 'zod';
import { JOB_STATES } from '../../registry/article-jobs.ts';
import { idText, listOrder, next, said, time } from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

const moment = (description: string) => time.nullable().meta({ description });
const count = z.int().meta({ description: 'So many are so.' });

export const jobAnswer = z
  .object({
    id: said(z.int(), 'Its number, for ever.'),
    article: said(z.int(), 'The number of the article.'),
    title: said(z.string(), 'Of the article.'),
    feed: said(z.int(), 'The number of its feed.'),
    url: said(z.string(), 'The page.'),
    host: said(z.string(), 'Whose requests it takes its turn with.'),
    state: z.enum(JOB_STATES).meta({
      description:
        '`leased`: a worker is at it. `failed`: it is tried again at `due`; `dead`: not any more.',
    }),
    attempts: said(z.int(), 'How often it was tried.'),
    due: moment('When it may be tried; null: it is not to be.'),
    waits: said(z.string().nullable(), 'What it waits for; null: for nothing.'),
    owner: said(z.string().nullable(), 'The worker that is at it.'),
    until: moment('When that worker counts as lost.'),
    reason: said(z.string().nullable(), 'How the last attempt failed, of a closed set.'),
    message: said(z.string().nullable(), 'The same in words.'),
    status: said(z.int().nullable(), 'Of HTTP, of the last attempt.'),
    created: time,
    ended: moment('When it was over.'),
  })
  .meta({ id: 'Job' });

export const jobsQuery = z.strictObject({
  state: z.enum(JOB_STATES).optional().meta({ description: 'Only those that are so now.' }),
  host: z.string().min(1).max(262).optional().meta({ description: 'Only those asked there.' }),
  feed: idText('Only of this feed.'),
  limit: limitOf({ max: 1000, usual: 100 }),
  order: listOrder,
  after: idText('The `next` of the page before.'),
});

export const jobsAnswer = z
  .object({
    items: said(z.array(jobAnswer), 'By number, as `order` says.'),
    next,
    counts: z
      .object({
        ...{ queued: count, leased: count, done: count },
        ...{ failed: count, dead: count, cancelled: count },
      })
      .meta({ description: 'How many there are in each state, of all.' }),
  })
  .meta({ id: 'Jobs' });
