import { TidemarkError } from '../../core/errors.ts';
import type { Dependencies } from '../app.ts';
import type { JobDesk } from '../articles/desk.ts';
import { jobAnswer, jobsAnswer, jobsQuery } from '../articles/job-schemas.ts';
import { shownJob } from '../articles/job-views.ts';
import { demand } from '../http/ids.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const path = '/api/v1/jobs';
const params = { id: 'The number of the job.' };
const one = { schema: jobAnswer };

/** The queue of pages that are to be read. Everything is also at the short address, `/jobs`. */
export function jobRoutes({ jobs: desk }: Dependencies): readonly Route[] {
  return alsoShort([
    ...reading(desk),
    changeRoute((id) => desk.retry(id), {
      id: 'retryJob',
      verb: 'retry',
      summary: 'Try a job again that failed, is dead or was cancelled',
      refusal: 'one that failed, is dead or was cancelled',
    }),
    changeRoute((id) => desk.cancel(id), {
      id: 'cancelJob',
      verb: 'cancel',
      summary: 'Never read the page of a job; what is under way is refused',
      refusal: 'one that is not over',
    }),
  ]);
}

function reading(desk: JobDesk): readonly Route[] {
  return [
    defineRoute({
      id: 'jobs',
      method: 'get',
      path,
      summary: 'Pages of articles that are to be read, or were',
      access: 'read',
      query: jobsQuery,
      answers: { 200: { about: 'One page, by number', schema: jobsAnswer } },
      async handle({ query: { host, limit, ...filter } }) {
        const asked = { ...filter, host: host?.toLowerCase(), limit: limit + 1 };
        const [found, counts] = await Promise.all([desk.list(asked), desk.counts()]);
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shownJob), next, counts };
      },
    }),
    defineRoute({
      id: 'job',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One job',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', ...one } },
      handle: async ({ params: { id = '' } }) => shownJob(await demand('job', id, desk.find)),
    }),
  ];
}

interface Change {
  readonly id: string;
  readonly verb: string;
  readonly summary: string;
  /** What a job has to be. */
  readonly refusal: string;
}

function changeRoute(
  change: JobDesk['retry'],
  { id: name, verb, summary, refusal }: Change,
): Route {
  return defineRoute({
    id: name,
    method: 'post',
    path: `${path}/:id/${verb}`,
    summary,
    access: 'write',
    query: noQuery,
    params,
    answers: { 200: { about: 'It, as it is from now on', ...one } },
    async handle({ params: { id = '' } }) {
      const { job, changed } = await demand('job', id, change);
      if (changed) return shownJob(job);
      throw new TidemarkError('conflict', `job ${job.id} is ${job.state}`, {
        details: { state: job.state, expected: refusal },
      });
    },
  });
}
