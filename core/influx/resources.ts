import type { InfluxDB } from '@influxdata/influxdb-client';
import {
  BucketsAPI,
  HealthAPI,
  OrgsAPI,
  PingAPI,
  TasksAPI,
} from '@influxdata/influxdb-client-apis';
import { z } from 'zod';
import { isCode, TidemarkError } from '../errors.ts';

const bucketSchema = z.object({
  id: z.string(),
  name: z.string(),
  retentionRules: z.array(z.object({ everySeconds: z.number() })).default([]),
});

const taskSchema = z.object({
  id: z.string(),
  name: z.string(),
  flux: z.string(),
  status: z.enum(['active', 'inactive']).default('active'),
  every: z.string().optional(),
  cron: z.string().optional(),
  offset: z.string().optional(),
  description: z.string().optional(),
  latestCompleted: z.string().optional(),
  lastRunStatus: z.string().optional(),
  lastRunError: z.string().optional(),
});

const runSchema = z.object({
  id: z.string(),
  taskID: z.string(),
  status: z.string(),
  scheduledFor: z.string().optional(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
});

const healthSchema = z.object({
  status: z.string(),
  message: z.string().optional(),
  version: z.string().optional(),
});

/** Retention of 0 seconds means for ever. */
export interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly retentionSeconds: number;
}
export type Task = Readonly<z.infer<typeof taskSchema>>;
export type Run = Readonly<z.infer<typeof runSchema>>;
export type Health = Readonly<z.infer<typeof healthSchema>>;

export interface TaskChange {
  readonly flux?: string;
  readonly status?: 'active' | 'inactive';
  readonly description?: string;
}

/** Newest first. */
export interface RunsQuery {
  readonly limit?: number;
  /** RFC 3339; scheduled after / before this time. */
  readonly afterTime?: string;
  readonly beforeTime?: string;
}

export interface BucketOptions {
  readonly retentionSeconds: number;
  readonly name?: string;
  /** Time that one shard holds; InfluxDB's choice by default. A query pays for each it touches. */
  readonly shardSeconds?: number;
}

export interface Buckets {
  /** Undefined when there is none of the name. */
  find(name: string): Promise<Bucket | undefined>;
  /**
   * Creates a bucket (the client's own unless named) when it is missing; its retention is set only
   * then.
   */
  ensure(options: BucketOptions): Promise<Bucket>;
}

export interface Tasks {
  /** All of the organization, whatever the number. */
  list(): Promise<Task[]>;
  create(task: { readonly flux: string } & TaskChange): Promise<Task>;
  update(id: string, change: TaskChange): Promise<Task>;
  delete(id: string): Promise<void>;
  runs(id: string, query?: RunsQuery): Promise<Run[]>;
  /** Runs now, with `now()` = scheduledFor (RFC 3339) when given. */
  startRun(id: string, scheduledFor?: string): Promise<Run>;
}

const TASKS_PAGE = 500; // InfluxDB's maximum

export function createBuckets(db: InfluxDB, org: string, own: string): Buckets {
  const api = new BucketsAPI(db);
  const orgs = new OrgsAPI(db);
  const find = async (name: string) => {
    try {
      const answer = await api.getBuckets({ org, name });
      const found = (answer.buckets ?? []).find((candidate) => candidate.name === name);
      return found === undefined ? undefined : toBucket(found);
    } catch (error) {
      // A name that does not exist is a 404; so is a missing organization, which create() tells.
      if (isCode(error, 'not-found')) return undefined;
      throw error;
    }
  };
  const create = async ({ name = own, retentionSeconds, shardSeconds }: BucketOptions) => {
    const orgID = (await orgs.getOrgs({ org })).orgs?.[0]?.id;
    if (orgID === undefined) {
      throw new TidemarkError('not-found', `InfluxDB has no organization ${org}; check INFLUX_ORG`);
    }
    const shard = shardSeconds === undefined ? {} : { shardGroupDurationSeconds: shardSeconds };
    const rule = { type: 'expire' as const, everySeconds: retentionSeconds, ...shard };
    const retentionRules = [rule];
    return toBucket(await api.postBuckets({ body: { orgID, name, retentionRules } }));
  };
  return {
    find,
    async ensure(options) {
      const { name = own } = options;
      const found = await find(name);
      if (found !== undefined) return found;
      try {
        return await create(options);
      } catch (error) {
        // Another process was first.
        const made = isCode(error, 'conflict') ? await find(name) : undefined;
        if (made === undefined) throw error;
        return made;
      }
    },
  };
}

export function createTasks(db: InfluxDB, org: string): Tasks {
  const api = new TasksAPI(db);
  return {
    async list() {
      const all: Task[] = [];
      for (let after: string | undefined; ; ) {
        const page = await api.getTasks({ org, limit: TASKS_PAGE, ...(after ? { after } : {}) });
        const tasks = checked(z.array(taskSchema), page.tasks ?? [], 'tasks');
        all.push(...tasks);
        after = tasks.at(-1)?.id;
        if (tasks.length < TASKS_PAGE) return all;
      }
    },
    async create(task) {
      return checked(taskSchema, await api.postTasks({ body: { org, ...task } }), 'task');
    },
    async update(taskID, change) {
      return checked(taskSchema, await api.patchTasksID({ taskID, body: change }), 'task');
    },
    async delete(taskID) {
      await api.deleteTasksID({ taskID });
    },
    async runs(taskID, query = {}) {
      const answer = await api.getTasksIDRuns({ taskID, ...query });
      return checked(z.array(runSchema), answer.runs ?? [], 'runs');
    },
    async startRun(taskID, scheduledFor) {
      const body = scheduledFor === undefined ? {} : { scheduledFor };
      return checked(runSchema, await api.postTasksIDRuns({ taskID, body }), 'run');
    },
  };
}

/** `GET /health`: version and status. It needs no token. */
export async function readHealth(db: InfluxDB): Promise<Health> {
  return checked(healthSchema, await new HealthAPI(db).getHealth(), 'health');
}

/** `GET /ping`: answers when the process is up. It needs no token. */
export async function ping(db: InfluxDB): Promise<void> {
  await new PingAPI(db).getPing();
}

function toBucket(value: unknown): Bucket {
  const bucket = checked(bucketSchema, value, 'bucket');
  const retentionSeconds = bucket.retentionRules[0]?.everySeconds ?? 0;
  return { id: bucket.id, name: bucket.name, retentionSeconds };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new TidemarkError('upstream', `InfluxDB answered a ${what} of an unknown shape`, {
    details: z.prettifyError(result.error),
  });
}
