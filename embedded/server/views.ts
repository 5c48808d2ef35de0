import type { Authorization, Bucket, Label, Org, Run, Task, User } from '../resources/model.ts';
import type { Resources } from '../resources/resources.ts';

/** Records as InfluxDB's API shows them. */
export function orgView(org: Org) {
  const self = `/api/v2/orgs/${org.id}`;
  const name = encodeURIComponent(org.name);
  return {
    links: {
      buckets: `/api/v2/buckets?org=${name}`,
      dashboards: `/api/v2/dashboards?org=${name}`,
      labels: `${self}/labels`,
      logs: `${self}/logs`,
      members: `${self}/members`,
      owners: `${self}/owners`,
      secrets: `${self}/secrets`,
      self,
      tasks: `/api/v2/tasks?org=${name}`,
    },
    ...org,
  };
}

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

/** How InfluxDB would cut the bucket into shards; clients read it, nothing here does. */
function shardSeconds(retentionSeconds: number): number {
  if (retentionSeconds === 0 || retentionSeconds > 180 * DAY_SECONDS) return 7 * DAY_SECONDS;
  return retentionSeconds >= 2 * DAY_SECONDS ? DAY_SECONDS : HOUR_SECONDS;
}

export function bucketView(bucket: Bucket, resources: Resources) {
  const { id, orgID, type, name, description, retentionSeconds, createdAt, updatedAt } = bucket;
  const self = `/api/v2/buckets/${id}`;
  return {
    id,
    orgID,
    type,
    ...(description !== undefined && description !== '' && { description }),
    name,
    retentionRules: [
      {
        type: 'expire',
        everySeconds: retentionSeconds,
        shardGroupDurationSeconds: shardSeconds(retentionSeconds),
      },
    ],
    createdAt,
    updatedAt,
    links: {
      labels: `${self}/labels`,
      members: `${self}/members`,
      org: `/api/v2/orgs/${orgID}`,
      owners: `${self}/owners`,
      self,
      write: `/api/v2/write?org=${orgID}&bucket=${id}`,
    },
    labels: labelsOf(id, resources),
  };
}

export function userView({ id, name, status }: User) {
  return { links: { self: `/api/v2/users/${id}` }, id, name, status };
}

export function authorizationView(auth: Authorization, resources: Resources) {
  const { id, token, status, description, orgID, userID, permissions, createdAt, updatedAt } = auth;
  return {
    id,
    token,
    status,
    description,
    orgID,
    org: resources.orgs.get(orgID)?.name ?? '',
    userID,
    user: resources.users.get(userID)?.name ?? '',
    permissions: permissions.map(({ action, resource }) => {
      const bucket = resource.type === 'buckets' && resource.id !== undefined;
      const name = bucket ? resources.buckets.get(resource.id!)?.name : undefined;
      const org =
        resource.orgID === undefined ? undefined : resources.orgs.get(resource.orgID)?.name;
      return {
        action,
        resource: { ...resource, ...(name && { name }), ...(org && { org }) },
      };
    }),
    links: { self: `/api/v2/authorizations/${id}`, user: `/api/v2/users/${userID}` },
    createdAt,
    updatedAt,
  };
}

export function labelView({ id, orgID, name, properties }: Label) {
  const shown = Object.keys(properties).length > 0 ? { properties } : {};
  return { id, orgID, name, ...shown };
}

export function labelsOf(resourceID: string, resources: Resources) {
  return resources.labelMappings
    .filter((mapping) => mapping.resourceID === resourceID)
    .flatMap((mapping) => resources.labels.get(mapping.labelID) ?? [])
    .map(labelView);
}

export function taskView(task: Task, resources: Resources) {
  const self = `/api/v2/tasks/${task.id}`;
  const { id, orgID, ownerID, name, description, status, flux, every, cron, offset, ...times } =
    task;
  return {
    links: {
      labels: `${self}/labels`,
      logs: `${self}/logs`,
      members: `${self}/members`,
      owners: `${self}/owners`,
      runs: `${self}/runs`,
      self,
    },
    labels: labelsOf(id, resources),
    id,
    orgID,
    org: resources.orgs.get(orgID)?.name ?? '',
    ownerID,
    name,
    ...(description && { description }),
    status,
    flux,
    ...(every !== undefined && { every }),
    ...(cron !== undefined && { cron }),
    ...(offset !== undefined && { offset }),
    ...times,
  };
}

export function runView(run: Run) {
  const task = `/api/v2/tasks/${run.taskID}`;
  const self = `${task}/runs/${run.id}`;
  const { log, ...rest } = run;
  return {
    links: { logs: `${self}/logs`, retry: `${self}/retry`, self, task },
    ...rest,
    ...(log.length > 0 && { log }),
  };
}
