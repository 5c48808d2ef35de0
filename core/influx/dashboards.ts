import { z } from 'zod';
import { isCode, TidemarkError } from '../errors.ts';
import type { UndiciTransport } from './transport.ts';

const label = z.object({ id: z.string(), name: z.string() });
const dashboard = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().default(''),
  labels: z.array(label).default([]),
});
const variable = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().default(''),
  arguments: z.object({ type: z.string(), values: z.unknown() }),
});

export type Label = Readonly<z.infer<typeof label>>;
export type Dashboard = Readonly<z.infer<typeof dashboard>>;
export type Variable = Readonly<z.infer<typeof variable>>;

/** One cell on a dashboard of twelve columns; `properties` as the UI writes them. */
export interface Cell {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What the InfluxDB UI shows: dashboards with cells, variables, labels. Errors as elsewhere. */
export interface Dashboards {
  list(): Promise<readonly Dashboard[]>;
  create(made: { readonly name: string; readonly description: string }): Promise<Dashboard>;
  describe(id: string, description: string): Promise<void>;
  /** These cells instead of those that are there. */
  replaceCells(id: string, cells: readonly Cell[]): Promise<void>;
  delete(id: string): Promise<void>;
  /** The label of that name, made when it is not there. */
  ensureLabel(
    name: string,
    about: { readonly description: string; readonly color: string },
  ): Promise<Label>;
  putLabel(on: 'dashboards' | 'variables', id: string, label: Label): Promise<void>;
  variables(): Promise<readonly Variable[]>;
  createVariable(made: {
    readonly name: string;
    readonly description: string;
    readonly query: string;
  }): Promise<Variable>;
  changeVariable(
    id: string,
    change: { readonly description: string; readonly query: string },
  ): Promise<void>;
}

const PAGE = 100;
const MANY = 20_000;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export function createDashboards(transport: UndiciTransport, org: string): Dashboards {
  let orgId: Promise<string> | undefined;
  const ask = async (method: Method, path: string, body?: unknown): Promise<unknown> =>
    transport.request(`/api/v2/${path}`, body, { method });
  const orgOf = (): Promise<string> => {
    orgId ??= findOrg(ask, org).catch((error: unknown) => {
      orgId = undefined;
      throw error;
    });
    return orgId;
  };
  const labels = async () => {
    const answer = await ask('GET', `labels?orgID=${await orgOf()}&limit=${PAGE}`);
    return checked(z.object({ labels: z.array(label).nullish() }), answer).labels ?? [];
  };
  return {
    ...variablesOf(ask, orgOf),
    async list() {
      const all: Dashboard[] = [];
      const shape = z.object({ dashboards: z.array(dashboard).nullish() });
      for (let offset = 0; offset < MANY; offset += PAGE) {
        const path = `dashboards?orgID=${await orgOf()}&limit=${PAGE}&offset=${offset}`;
        const page = checked(shape, await ask('GET', path)).dashboards ?? [];
        all.push(...page);
        if (page.length < PAGE) break;
      }
      return all;
    },
    async create(made) {
      return checked(dashboard, await ask('POST', 'dashboards', { orgID: await orgOf(), ...made }));
    },
    async describe(id, description) {
      await ask('PATCH', `dashboards/${id}`, { description });
    },
    async replaceCells(id, cells) {
      const shape = z.object({ cells: z.array(z.object({ id: z.string() })).nullish() });
      const old = checked(shape, await ask('GET', `dashboards/${id}`)).cells ?? [];
      for (const cell of old) await ask('DELETE', `dashboards/${id}/cells/${cell.id}`);
      for (const { properties, ...place } of cells) {
        const path = `dashboards/${id}/cells`;
        const made = checked(z.object({ id: z.string() }), await ask('POST', path, place));
        const view = { name: place.name, properties };
        await ask('PATCH', `${path}/${made.id}/view`, view);
      }
    },
    async delete(id) {
      await ask('DELETE', `dashboards/${id}`);
    },
    async ensureLabel(name, properties) {
      const find = async () => (await labels()).find((one) => one.name === name);
      const found = await find();
      if (found) return found;
      try {
        const answer = await ask('POST', 'labels', { orgID: await orgOf(), name, properties });
        return checked(z.object({ label }), answer).label;
      } catch (error) {
        // Another process was first.
        const made = isCode(error, 'conflict', 'invalid') ? await find() : undefined;
        if (made === undefined) throw error;
        return made;
      }
    },
    async putLabel(on, id, { id: labelID }) {
      await ask('POST', `${on}/${id}/labels`, { labelID });
    },
  };
}

function variablesOf(
  ask: (method: Method, path: string, body?: unknown) => Promise<unknown>,
  orgOf: () => Promise<string>,
): Pick<Dashboards, 'variables' | 'createVariable' | 'changeVariable'> {
  const argumentsOf = (query: string) => ({ type: 'query', values: { language: 'flux', query } });
  return {
    async variables() {
      const answer = await ask('GET', `variables?orgID=${await orgOf()}`);
      return checked(z.object({ variables: z.array(variable).nullish() }), answer).variables ?? [];
    },
    async createVariable({ query, ...made }) {
      const body = { orgID: await orgOf(), ...made, arguments: argumentsOf(query) };
      return checked(variable, await ask('POST', 'variables', body));
    },
    async changeVariable(id, { query, description }) {
      await ask('PATCH', `variables/${id}`, { description, arguments: argumentsOf(query) });
    },
  };
}

async function findOrg(
  ask: (method: Method, path: string) => Promise<unknown>,
  org: string,
): Promise<string> {
  const shape = z.object({ orgs: z.array(z.object({ id: z.string() })).nullish() });
  const answer = await ask('GET', `orgs?org=${encodeURIComponent(org)}`);
  const id = checked(shape, answer).orgs?.[0]?.id;
  if (id !== undefined) return id;
  throw new TidemarkError('not-found', `InfluxDB has no organization ${org}; check INFLUX_ORG`);
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new TidemarkError('upstream', 'InfluxDB answered something of an unknown shape', {
    details: z.prettifyError(result.error),
  });
}
