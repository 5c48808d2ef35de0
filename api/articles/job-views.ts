import type { Job } from '../../registry/article-jobs.ts';
import { isoOf, isoOrNull } from '../http/moment.ts';

/** A job as it is told. */
export function shownJob(job: Job) {
  const { id, article, title, feed, url, host, state, attempts, waits, owner } = job;
  const open = state === 'queued' || state === 'failed';
  return {
    ...{ id, article, title, feed, url, host, state, attempts },
    due: open ? isoOf(job.dueMs) : null,
    ...{ waits, owner, until: isoOrNull(job.untilMs) },
    ...{ reason: job.reason, message: job.message, status: job.status },
    ...{ created: isoOf(job.createdMs), ended: isoOrNull(job.endedMs) },
  };
}
