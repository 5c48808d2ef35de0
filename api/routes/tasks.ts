import { z } from 'zod';
import { formatMs } from '../../core/duration.ts';
import type { TaskStatus } from '../../core/task-status.ts';
import type { Dependencies } from '../app.ts';
import { said } from '../http/field-schemas.ts';
import { isoOrNull } from '../http/moment.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const taskAnswer = z
  .object({
    id: said(z.string(), "InfluxDB's."),
    name: said(z.string(), 'What it does.'),
    active: said(z.boolean(), 'InfluxDB runs it.'),
    every: said(z.string().nullable(), 'How often.'),
    ok: said(z.boolean(), 'Nothing is wrong with it.'),
    reason: said(z.string().nullable(), 'What is wrong.'),
    lastRun: said(z.string().nullable(), 'The slot of the newest run that has ended.'),
    lastRunStatus: said(z.string().nullable(), 'How it ended.'),
    lastError: said(z.string().nullable(), 'Why it failed.'),
    runs: said(z.int(), 'How many of its newest runs were looked at.'),
    failed: said(z.int(), 'How many of them failed.'),
    skipped: said(z.int(), 'Slots among them that have no run.'),
    lagMs: said(
      z.number().nullable(),
      'From the newest slot that went well to the newest that should have, in milliseconds.',
    ),
  })
  .meta({ id: 'Task' });

export const tasksAnswer = z.object({ items: z.array(taskAnswer) }).meta({ id: 'Tasks' });

/** How Tidemark's tasks in InfluxDB do. Also at the short address, `/tasks`. */
export function taskRoutes({ tasks: desk }: Dependencies): readonly Route[] {
  return alsoShort([
    defineRoute({
      id: 'tasks',
      method: 'get',
      path: '/api/v1/tasks',
      summary:
        "Tidemark's tasks in InfluxDB: their last runs, failures, and how far behind they are",
      access: 'read',
      query: noQuery,
      answers: { 200: { about: 'All of them, by name', schema: tasksAnswer } },
      handle: async ({ signal }) => ({ items: (await desk.list(signal)).map(shown) }),
    }),
  ]);
}

function shown({ everyMs, lastRunMs, ...task }: TaskStatus) {
  const every = everyMs === null ? null : formatMs(everyMs);
  return { ...task, every, lastRun: isoOrNull(lastRunMs) };
}
