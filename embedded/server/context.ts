import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Log } from '../../core/log.ts';
import type { Bucket, Org, Permission } from '../resources/model.ts';
import type { Resources } from '../resources/resources.ts';
import type { Storage } from '../storage/storage.ts';
import type { TaskRunner } from '../tasks/runner.ts';
import type { TaskScheduler } from '../tasks/scheduler.ts';
import { JSON_BYTES_MAX, readBody } from './body.ts';
import { badJson, InfluxError } from './errors.ts';
import { type Identity, identify } from './identity.ts';
import type { Queries } from './queries.ts';
import type { Sessions } from './sessions.ts';

/** What every route may use. */
export interface ServerParts {
  readonly resources: Resources;
  readonly storage: Storage;
  readonly sessions: Sessions;
  readonly queries: Queries;
  readonly tasks: TaskRunner;
  readonly scheduler: TaskScheduler;
  readonly nowMs: () => number;
  readonly startedMs: number;
  readonly log: Log;
}

/** One request and its answer. */
export class Context {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  readonly parts: ServerParts;
  #identity: Identity | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    target: { readonly query: URLSearchParams; readonly params: Readonly<Record<string, string>> },
    parts: ServerParts,
  ) {
    this.request = request;
    this.response = response;
    this.query = target.query;
    this.params = target.params;
    this.parts = parts;
  }

  get resources(): Resources {
    return this.parts.resources;
  }

  get identity(): Identity {
    return this.#identity ?? this.identify();
  }

  /** Throws 401 unless the caller is somebody. */
  identify(): Identity {
    this.#identity = identify(this.request, this.parts.resources, this.parts.sessions);
    return this.#identity;
  }

  /** Throws 403 unless the caller may do it. */
  require(
    action: Permission['action'],
    type: string,
    where: { readonly id?: string; readonly orgID?: string } = {},
  ): void {
    if (this.identity.may(action, type, where)) return;
    const place = where.id === undefined ? type : `${type}/${where.id}`;
    throw new InfluxError('forbidden', `${action}:${place} is unauthorized`);
  }

  json(status: number, body: unknown): void {
    const text = Buffer.from(JSON.stringify(body));
    this.response.writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': text.length,
    });
    this.response.end(text);
  }

  empty(status = 204): void {
    this.response.writeHead(status).end();
  }

  /** The body as JSON of the wanted shape; unknown keys are ignored, as InfluxDB does. */
  async body<T>(schema: z.ZodType<T>): Promise<T> {
    const bytes = await readBody(this.request, JSON_BYTES_MAX);
    let parsed: unknown;
    try {
      parsed = bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw badJson(cause);
    }
    const result = schema.safeParse(parsed);
    if (result.success) return result.data;
    const { path, message } = result.error.issues[0]!;
    throw badJson(new Error(path.length > 0 ? `${path.join('.')}: ${message}` : message));
  }

  /** The organization that `org` or `orgID` names; either may hold a name or an id. */
  org(): Org {
    const ref = this.query.get('orgID') || this.query.get('org');
    if (!ref) throw new InfluxError('invalid', 'Please provide either orgID or org');
    return this.orgNamed(ref);
  }

  orgNamed(ref: string): Org {
    const org = this.resources.org(ref);
    if (org) return org;
    throw new InfluxError('not found', `organization name "${ref}" not found`);
  }

  bucketNamed(org: Org, ref: string | null): Bucket {
    if (!ref) throw new InfluxError('not found', 'bucket not found');
    const bucket = this.resources.bucket(org.id, ref);
    if (bucket) return bucket;
    throw new InfluxError('not found', `bucket "${ref}" not found`);
  }
}

export type Handler = (context: Context) => Promise<void> | void;
