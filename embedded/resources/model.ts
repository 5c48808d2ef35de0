/** The engine's own records, as they are kept. Ids are 16 hex digits; times are RFC 3339. */
export interface Org {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Bucket {
  readonly id: string;
  readonly orgID: string;
  readonly type: 'user' | 'system';
  readonly name: string;
  readonly description?: string;
  /** 0: kept for ever. */
  readonly retentionSeconds: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly status: 'active' | 'inactive';
  /** scrypt: salt and hash, both hex. Absent until a password is set. */
  readonly password?: { readonly salt: string; readonly hash: string };
}

export interface Permission {
  readonly action: 'read' | 'write';
  readonly resource: { readonly type: string; readonly id?: string; readonly orgID?: string };
}

export interface Authorization {
  readonly id: string;
  readonly token: string;
  readonly status: 'active' | 'inactive';
  readonly description: string;
  readonly orgID: string;
  readonly userID: string;
  readonly permissions: readonly Permission[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Label {
  readonly id: string;
  readonly orgID: string;
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** A label on a bucket or task; its id is made of the two others. */
export interface LabelMapping {
  readonly id: string;
  readonly resourceID: string;
  readonly labelID: string;
}

export interface Task {
  readonly id: string;
  readonly orgID: string;
  readonly ownerID: string;
  readonly name: string;
  readonly description?: string;
  readonly status: 'active' | 'inactive';
  readonly flux: string;
  readonly every?: string;
  readonly cron?: string;
  readonly offset?: string;
  readonly latestCompleted: string;
  readonly latestSuccess?: string;
  readonly latestFailure?: string;
  readonly lastRunStatus?: string;
  readonly lastRunError?: string;
  readonly createdAt: string;
  readonly updatedAt?: string;
}

export interface RunLog {
  readonly runID: string;
  readonly time: string;
  readonly message: string;
}

export interface Run {
  readonly id: string;
  readonly taskID: string;
  readonly status: 'scheduled' | 'started' | 'success' | 'failed' | 'canceled';
  readonly scheduledFor: string;
  readonly requestedAt?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly log: readonly RunLog[];
}

/** Every kind of record and its shape. */
export interface Kinds {
  org: Org;
  bucket: Bucket;
  user: User;
  authorization: Authorization;
  label: Label;
  labelMapping: LabelMapping;
  task: Task;
  run: Run;
}

export type Kind = keyof Kinds;
