import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import type { Routes } from '../router.ts';
import { VERSION } from '../version.ts';

export const healthRoutes: Routes = {
  'GET /health': health,
  'GET /api/v2/health': health,
  'GET /ready': ready,
  'GET /api/v2/ready': ready,
  'GET /ping': (context) => context.empty(),
  'HEAD /ping': (context) => context.empty(),
};

export const rootRoutes: Routes = { 'GET /api/v2': root };

function health(context: Context): void {
  const { broken } = context.parts.storage;
  const body = { name: 'influxdb', checks: [], version: VERSION, commit: 'tidemark' };
  if (broken === undefined) {
    context.json(200, { ...body, message: 'ready for queries and writes', status: 'pass' });
  } else context.json(503, { ...body, message: broken, status: 'fail' });
}

function ready(context: Context): void {
  const { storage, startedMs, nowMs } = context.parts;
  if (storage.broken !== undefined) throw new InfluxError('unavailable', storage.broken);
  const seconds = Math.floor((nowMs() - startedMs) / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const up = h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
  context.json(200, { status: 'ready', started: new Date(startedMs).toISOString(), up });
}

const RESOURCES = ['authorizations', 'buckets', 'delete', 'labels', 'me', 'orgs', 'setup'];
const MORE = ['signin', 'signout', 'tasks', 'users', 'write'];

function root(context: Context): void {
  const links = [...RESOURCES, ...MORE].map((name) => [name, `/api/v2/${name}`]);
  const query = { analyze: '/api/v2/query/analyze', self: '/api/v2/query' };
  context.json(200, { ...Object.fromEntries(links), query, system: { health: '/health' } });
}
