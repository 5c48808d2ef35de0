import { z } from 'zod';
import type { Answer, Route } from './route.ts';
import { errorAnswer } from './schemas.ts';

type Json = Record<string, unknown>;

/** OpenAPI 3.1 of the routes, from the same schemas that check their input. */
export function openApiOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  const components: Json = {};
  for (const route of routes) {
    if (route.hidden) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, components) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidemark',
      version,
      description: 'Prices of every market as time series, with their rank by volatility.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operationOf(route: Route, components: Json): Json {
  const responses: Json = {};
  for (const [status, answer] of Object.entries(route.answers)) {
    responses[status] = responseOf(answer, components);
  }
  responses.default = responseOf(
    { about: 'Anything else: what was wrong, in words and as a code', schema: errorAnswer },
    components,
  );
  return {
    operationId: route.id,
    summary: route.summary,
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body && { requestBody: bodyOf(route.body, components) }),
    ...(route.uploads && { requestBody: uploadOf(route.uploads) }),
    responses,
    // An empty requirement beside the key: without configured keys none is needed.
    security: route.access === 'open' ? [{}] : [{ key: [] }, {}],
    ...(route.access !== 'open' && { 'x-role': route.access }),
  };
}

/** Parts of paths by name; the handlers say the rest in words. */
const PLACES: Readonly<Record<string, Json>> = {
  id: { type: 'integer', minimum: 1, maximum: 999_999_999_999_999 },
  exchange: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,64}$' },
  pair: { type: 'string', pattern: '^[A-Za-z0-9]{1,30}(?:[-_/]?[A-Za-z0-9]{1,30})$' },
};

function pathParameters({ params = {} }: Route): Json[] {
  return Object.entries(params).map(([name, description]) => ({
    name,
    in: 'path',
    required: true,
    description,
    schema: PLACES[name] ?? { type: 'string', minLength: 1, maxLength: 128 },
  }));
}

function queryParameters({ query }: Route): Json[] {
  const schema = jsonSchema(query, 'input');
  const required = new Set((schema.required ?? []) as string[]);
  return Object.entries((schema.properties ?? {}) as Record<string, Json>).map(
    ([name, { description, ...property }]) => ({
      name,
      in: 'query',
      required: required.has(name),
      description,
      schema: property,
    }),
  );
}

function bodyOf(schema: z.ZodType, components: Json): Json {
  const content = { 'application/json': { schema: referTo(schema, components, 'input') } };
  return { required: true, content };
}

function uploadOf(types: readonly string[]): Json {
  const content = Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }]));
  return { required: true, content };
}

function responseOf({ about, schema, media = ['application/json'] }: Answer, components: Json) {
  const content: Record<string, Json> = {};
  for (const type of media) {
    content[type] = { schema: contentOf(type, schema, components) };
  }
  return media.length === 0 ? { description: about } : { description: about, content };
}

function contentOf(type: string, schema: z.ZodType | undefined, components: Json): Json {
  if (type !== 'application/json') return { type: 'string' };
  return schema === undefined ? { type: 'object' } : referTo(schema, components, 'output');
}

/** Named schemas (`meta({id})`) become components, the rest stands in place. */
function referTo(schema: z.ZodType, components: Json, io: 'input' | 'output'): Json {
  const { $defs = {}, ...json } = jsonSchema(schema, io);
  for (const [name, part] of Object.entries($defs as Record<string, Json>)) {
    components[name] = movedRefs(part);
  }
  return movedRefs(json) as Json;
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    // A whole number in a query is checked as text, and so loses its default and gains a pattern.
    override: ({ zodSchema, jsonSchema: part }) => {
      if (part.type === 'integer') {
        delete part.pattern;
        const { default: fallback } = z.globalRegistry.get(zodSchema as z.core.$ZodType) ?? {};
        if (fallback !== undefined) part.default = fallback as number;
      }
      // What may also be null is said by its parts.
      if (part.anyOf !== undefined) delete part.type;
      // A later version may add members: a client must not refuse them.
      if (io === 'output') delete part.additionalProperties;
      delete part.id;
    },
  });
  return json;
}

function movedRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(movedRefs);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) =>
      key === '$ref' && typeof part === 'string'
        ? [key, part.replace('#/$defs/', '#/components/schemas/')]
        : [key, movedRefs(part)],
    ),
  );
}
