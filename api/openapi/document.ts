import { z } from 'zod';
import { pairPattern, plainPattern } from '../http/field-schemas.ts';
import type { Answer, Route } from '../http/route.ts';
import { errorAnswer } from '../schemas.ts';
import { descriptionOf, headers, refusals, refusalsOf } from './answers.ts';
import { examples } from './examples.ts';
import { componentOf, isEmpty, type Samples, samplesOf } from './samples.ts';
import { tagOfPath, tags } from './tags.ts';

type Json = Record<string, unknown>;

const ABOUT = [
  'Prices of every market, the pages you depend on and the news, as time series that you own.',
  'Answers are JSON unless something else is asked for; times are UTC with milliseconds.',
  'A list answers `items` and `next`: pass `next` as `after` (or `cursor`) for the next page.',
  'An error is `{"error": {"code", "message", "details"}}`; `details` says what is allowed.',
  'Everything under `/api/v1` is also at the short address without it, except `/metrics`.',
  'Unknown parameters and fields are refused, so that no misspelling goes unnoticed.',
].join('\n\n');

/** OpenAPI 3.1 of the routes, from the same schemas that check their input. */
export function openApiOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  const components: Json = {};
  const samples = samplesOf(routes);
  referTo(errorAnswer, components, 'output');
  for (const route of routes) {
    if (route.hidden) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = {
      ...paths[path],
      [route.method]: operationOf(route, path, { components, samples }),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidemark',
      version,
      description: ABOUT,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags,
    paths,
    components: {
      schemas: components,
      headers,
      responses: Object.fromEntries(
        Object.entries(refusals).map(([status, answer]) => [`Status${status}`, answer]),
      ),
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'The secret of an API key. Without configured keys, none is needed.',
        },
      },
    },
  };
}

/** What the whole document has in common. */
interface Common {
  /** Named shapes; whoever refers to one puts it here. */
  readonly components: Json;
  readonly samples: Samples;
}

function operationOf(route: Route, path: string, common: Common): Json {
  const responses: Json = {};
  const example = examples[route.id];
  for (const [status, answer] of Object.entries(route.answers)) {
    const own = example?.status === Number(status) ? example.answer : undefined;
    const sample = sampleOf(common.samples, { route, status, answer });
    const shown = own === undefined || isEmpty(own) ? sample : own;
    responses[status] = responseOf(route, { status, answer, example: shown }, common.components);
  }
  for (const status of refusalsOf(route)) {
    responses[status] = { $ref: `#/components/responses/Status${status}` };
  }
  return {
    operationId: route.id,
    tags: [tagOfPath(path)],
    summary: route.summary,
    description: descriptionOf(route),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body && { requestBody: bodyOf(route.body, common, example?.body) }),
    ...(route.uploads && { requestBody: uploadOf(route.uploads) }),
    responses,
    // An empty requirement beside the key: without configured keys none is needed.
    security: route.access === 'open' ? [{}] : [{ key: [] }, {}],
    ...(route.access !== 'open' && { 'x-role': route.access }),
    ...(example && { 'x-example': example.request }),
  };
}

/** Parts of paths by name; the handlers say the rest in words. */
const PLACES: Readonly<Record<string, Json>> = {
  id: { type: 'integer', minimum: 1, maximum: 999_999_999_999_999 },
  exchange: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,64}$' },
  pair: { type: 'string', maxLength: 128, pattern: pairPattern, examples: ['btcusd'] },
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
      // Of what is written in a URL no control character is taken.
      schema:
        property.type === 'string' && !property.enum
          ? { pattern: plainPattern, ...property }
          : property,
    }),
  );
}

function bodyOf(schema: z.ZodType, { components, samples }: Common, own: unknown): Json {
  const json: Json = { schema: referTo(schema, components, 'input') };
  const example = own ?? samples.get(componentOf(schema) ?? '');
  if (example !== undefined) json.example = example;
  return { required: true, content: { 'application/json': json } };
}

function uploadOf(types: readonly string[]): Json {
  const schema = { type: 'string', description: 'The list as it is, 1 MiB at most.' };
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function sampleOf(
  samples: Samples,
  { route, status, answer }: Pick<Shown, 'status' | 'answer'> & { readonly route: Route },
): unknown {
  return samples.get(`${route.id} ${status}`) ?? samples.get(componentOf(answer.schema) ?? '');
}

interface Shown {
  readonly status: string;
  readonly answer: Answer;
  readonly example: unknown;
}

function responseOf(route: Route, { status, answer, example }: Shown, components: Json): Json {
  const { about, schema, media = ['application/json'] } = answer;
  const content: Record<string, Json> = {};
  for (const type of media) {
    content[type] = { schema: contentOf(type, schema, components) };
    if (type === media[0] && example !== undefined) content[type].example = example;
  }
  return {
    description: about,
    headers: headersOf(route, status, schema),
    ...(media.length > 0 && { content }),
  };
}

function headersOf(route: Route, status: string, schema: z.ZodType | undefined): Json {
  const bareList = schema instanceof z.ZodArray && 'limit' in route.query.shape;
  return {
    'X-Request-Id': { $ref: '#/components/headers/RequestId' },
    ...(status === '201' && { Location: { $ref: '#/components/headers/Location' } }),
    ...(bareList && { 'Tidemark-Next': { $ref: '#/components/headers/Next' } }),
    ...(status === '503' && { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }),
  };
}

/** What a text is, of those that are no JSON. */
const TEXTS: Readonly<Record<string, string>> = {
  'application/x-ndjson': 'One JSON object a line: the rows of the answer without its head.',
  'text/csv': 'Names in the first line, then a row a line, ends by CRLF (RFC 4180).',
  'text/event-stream': 'Server-Sent Events: `id`, `event` (the kind) and `data` (an Event).',
  'text/html': 'A page for people.',
};

function contentOf(type: string, schema: z.ZodType | undefined, components: Json): Json {
  if (type === 'application/json') {
    return schema === undefined ? { type: 'object' } : referTo(schema, components, 'output');
  }
  const description = TEXTS[type];
  return description === undefined ? { type: 'string' } : { type: 'string', description };
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
      // The format says it, and shorter.
      if (part.format === 'date-time') delete part.pattern;
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
