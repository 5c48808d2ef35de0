import { z } from 'zod';
import type { Label } from '../../resources/model.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { readId } from '../ids.ts';
import type { Routes } from '../router.ts';
import { labelsOf, labelView } from '../views.ts';

export const labelRoutes: Routes = {
  'GET /api/v2/labels': list,
  'POST /api/v2/labels': create,
  'GET /api/v2/labels/:id': (context) => show(context, 200, find(context, 'read')),
  'PATCH /api/v2/labels/:id': update,
  'DELETE /api/v2/labels/:id': remove,
  ...labelsOn('buckets'),
  ...labelsOn('tasks'),
};

const PROPERTIES = z.record(z.string(), z.string());
const NEW = z.object({
  orgID: z.string().default(''),
  name: z.string().default(''),
  properties: PROPERTIES.default({}),
});
const CHANGE = z.object({ name: z.string().optional(), properties: PROPERTIES.optional() });
const MAPPING = z.object({ labelID: z.string().default('') });

function list(context: Context): void {
  const { query, identity, resources } = context;
  const ref = query.get('orgID') || query.get('org');
  const org = ref ? context.orgNamed(ref) : undefined;
  const labels = resources.labels.filter(
    ({ id, orgID }) =>
      identity.may('read', 'labels', { id, orgID }) && (org === undefined || orgID === org.id),
  );
  context.json(200, { links: { self: '/api/v2/labels' }, labels: labels.map(labelView) });
}

async function create(context: Context): Promise<void> {
  const { orgID, name, properties } = await context.body(NEW);
  context.require('write', 'labels', { orgID: readId(orgID) });
  if (name === '') throw new InfluxError('empty value', 'label name is empty');
  refuseTaken(context, orgID, name);
  const id = context.resources.newId();
  show(context, 201, await context.resources.labels.put({ id, orgID, name, properties }));
}

async function update(context: Context): Promise<void> {
  const label = find(context, 'write');
  const { name = label.name, properties } = await context.body(CHANGE);
  if (name !== label.name) refuseTaken(context, label.orgID, name);
  const changed = { ...label, name, properties: { ...label.properties, ...properties } };
  show(context, 200, await context.resources.labels.put(changed));
}

async function remove(context: Context): Promise<void> {
  const { id } = find(context, 'write');
  const { labels, labelMappings } = context.resources;
  const mappings = labelMappings.filter((one) => one.labelID === id);
  await labelMappings.remove(mappings.map((one) => one.id));
  await labels.remove([id]);
  context.empty();
}

/** The labels of one bucket or task. */
function labelsOn(type: 'buckets' | 'tasks'): Routes {
  const owner = (context: Context, action: 'read' | 'write') => {
    const id = readId(context.params.id!);
    const found = context.resources[type].get(id);
    if (!found) throw new InfluxError('not found', `${type.slice(0, -1)} not found`);
    context.require(action, type, { id, orgID: found.orgID });
    return id;
  };
  return {
    [`GET /api/v2/${type}/:id/labels`]: (context) => {
      const labels = labelsOf(owner(context, 'read'), context.resources);
      context.json(200, { links: { self: '/api/v2/labels' }, labels });
    },
    [`POST /api/v2/${type}/:id/labels`]: async (context) => {
      const resourceID = owner(context, 'write');
      const { labelID } = await context.body(MAPPING);
      const label = context.resources.labels.get(readId(labelID));
      if (!label) throw new InfluxError('not found', 'label not found');
      const id = `${resourceID}${labelID}`;
      await context.resources.labelMappings.put({ id, resourceID, labelID });
      show(context, 201, label);
    },
    [`DELETE /api/v2/${type}/:id/labels/:labelID`]: async (context) => {
      const id = `${owner(context, 'write')}${readId(context.params.labelID!)}`;
      if (!context.resources.labelMappings.get(id)) {
        throw new InfluxError('not found', 'label not found');
      }
      await context.resources.labelMappings.remove([id]);
      context.empty();
    },
  };
}

function show(context: Context, status: number, label: Label): void {
  const links = { self: `/api/v2/labels/${label.id}` };
  context.json(status, { links, label: labelView(label) });
}

function find(context: Context, action: 'read' | 'write'): Label {
  const { identity } = context;
  const label = context.resources.labels.get(readId(context.params.id!));
  if (!label || !identity.may(action, 'labels', { id: label.id, orgID: label.orgID })) {
    throw new InfluxError('not found', 'label not found');
  }
  return label;
}

function refuseTaken(context: Context, orgID: string, name: string): void {
  const same = (text: string) => text.trim().toLowerCase();
  const { labels } = context.resources;
  if (labels.find((one) => one.orgID === orgID && same(one.name) === same(name))) {
    throw new InfluxError('conflict', `label with name ${name} already exists`);
  }
}
