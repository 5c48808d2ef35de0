import { TidemarkError } from '../../core/errors.ts';
import type { Storage } from '../storage/storage.ts';
import { Collection, type Names } from './collection.ts';
import { createIds } from './ids.ts';
import type { Authorization, Bucket, Kind, Kinds, Org, User } from './model.ts';

export interface ResourcesOptions {
  readonly storage: Storage;
  readonly nowMs: () => number;
  readonly random: () => number;
}

/** Everything but points: organizations, buckets, users, tokens, labels, tasks and their runs. */
export class Resources {
  readonly orgs: Collection<Org>;
  readonly buckets: Collection<Bucket>;
  readonly users: Collection<User>;
  readonly authorizations: Collection<Authorization>;
  readonly labels: Collection<Kinds['label']>;
  readonly labelMappings: Collection<Kinds['labelMapping']>;
  readonly tasks: Collection<Kinds['task']>;
  readonly runs: Collection<Kinds['run']>;
  readonly newId: () => string;
  readonly storage: Storage;
  readonly #nowMs: () => number;

  private constructor({ storage, nowMs, random }: ResourcesOptions) {
    const collection = <K extends Kind>(kind: K, names?: Names<Kinds[K]>) =>
      new Collection<Kinds[K]>(kind, (changes) => storage.saveRecords(changes), names);
    this.orgs = collection('org', { noun: 'organization', of: ({ name }) => ({ name }) });
    this.buckets = collection('bucket', {
      noun: 'bucket',
      of: ({ name, orgID }) => ({ name, within: orgID }),
    });
    this.users = collection('user', { noun: 'user', of: ({ name }) => ({ name }) });
    this.authorizations = collection('authorization');
    this.labels = collection('label', {
      noun: 'label',
      of: ({ name, orgID }) => ({ name, within: orgID }),
    });
    this.labelMappings = collection('labelMapping');
    this.tasks = collection('task');
    this.runs = collection('run');
    this.newId = createIds(nowMs, random);
    this.storage = storage;
    this.#nowMs = nowMs;
  }

  static async load(options: ResourcesOptions): Promise<Resources> {
    const resources = new Resources(options);
    const byKind: Readonly<Record<Kind, { restore(item: never): void }>> = {
      org: resources.orgs,
      bucket: resources.buckets,
      user: resources.users,
      authorization: resources.authorizations,
      label: resources.labels,
      labelMapping: resources.labelMappings,
      task: resources.tasks,
      run: resources.runs,
    };
    for (const { kind, body } of await options.storage.loadRecords()) {
      const collection = byKind[kind as Kind];
      if (!collection) throw new TidemarkError('internal', `a stored record of kind ${kind}`);
      collection.restore(JSON.parse(body) as never);
    }
    for (const bucket of resources.buckets.all()) {
      options.storage.createBucket(bucket.id, bucket.retentionSeconds);
    }
    return resources;
  }

  /** RFC 3339, milliseconds. */
  now(): string {
    return new Date(this.#nowMs()).toISOString();
  }

  nowMs(): number {
    return this.#nowMs();
  }

  /** By id or by name; InfluxDB takes either in the same parameter. */
  org(ref: string): Org | undefined {
    return this.orgs.get(ref) ?? this.orgs.find((org) => org.name === ref);
  }

  bucket(orgID: string, ref: string): Bucket | undefined {
    const byId = this.buckets.get(ref);
    if (byId?.orgID === orgID) return byId;
    return this.buckets.find((bucket) => bucket.orgID === orgID && bucket.name === ref);
  }

  async createOrg(name: string, description: string): Promise<Org> {
    const now = this.now();
    const org = { id: this.newId(), name, description, createdAt: now, updatedAt: now };
    await this.orgs.put(org);
    for (const [system, days] of SYSTEM_BUCKETS) {
      await this.createBucket({
        orgID: org.id,
        type: 'system',
        name: system,
        description: `System bucket for ${system === '_tasks' ? 'task' : 'monitoring'} logs`,
        retentionSeconds: days * 86_400,
      });
    }
    return org;
  }

  async createBucket(bucket: Omit<Bucket, 'id' | 'createdAt' | 'updatedAt'>): Promise<Bucket> {
    const now = this.now();
    const made = { ...bucket, id: this.newId(), createdAt: now, updatedAt: now };
    await this.buckets.put(made);
    this.storage.createBucket(made.id, made.retentionSeconds);
    return made;
  }

  async updateBucket(bucket: Bucket): Promise<Bucket> {
    const made = await this.buckets.put({ ...bucket, updatedAt: this.now() });
    this.storage.createBucket(made.id, made.retentionSeconds);
    return made;
  }

  async deleteBucket(bucket: Bucket): Promise<void> {
    await this.storage.dropBucket(bucket.id);
    await this.buckets.remove([bucket.id]);
    await this.#unlabel(bucket.id);
  }

  async deleteOrg(org: Org): Promise<void> {
    for (const task of this.tasks.filter((one) => one.orgID === org.id)) {
      await this.deleteTask(task.id);
    }
    for (const bucket of this.buckets.filter((one) => one.orgID === org.id)) {
      await this.deleteBucket(bucket);
    }
    const tokens = this.authorizations.filter((one) => one.orgID === org.id);
    await this.authorizations.remove(tokens.map((one) => one.id));
    const labels = this.labels.filter((one) => one.orgID === org.id);
    await this.labels.remove(labels.map((one) => one.id));
    await this.orgs.remove([org.id]);
  }

  async deleteTask(taskID: string): Promise<void> {
    await this.tasks.remove([taskID]);
    const runs = this.runs.filter((run) => run.taskID === taskID);
    await this.runs.remove(runs.map((run) => run.id));
    await this.#unlabel(taskID);
  }

  async #unlabel(resourceID: string): Promise<void> {
    const mappings = this.labelMappings.filter((one) => one.resourceID === resourceID);
    await this.labelMappings.remove(mappings.map((one) => one.id));
  }
}

/** Name and days kept of what InfluxDB makes for every organization. */
const SYSTEM_BUCKETS = [
  ['_tasks', 3],
  ['_monitoring', 7],
] as const;
