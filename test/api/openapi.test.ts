import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { fakeInflux, priceBatch, rankBatch, startApi, type TestApi } from '../helpers/api.ts';

const parameter = z.object({
  name: z.string(),
  in: z.enum(['query', 'path']),
  required: z.boolean(),
  description: z.string(),
  schema: z.looseObject({ type: z.string() }),
});
const content = z.record(
  z.string(),
  z.object({ schema: z.looseObject({}), example: z.unknown().optional() }),
);
const response = z.object({
  $ref: z.string().optional(),
  description: z.string().min(1).optional(),
  content: content.optional(),
});
const requestBody = z.object({
  required: z.literal(true),
  content,
});
const operation = z.object({
  operationId: z.string(),
  tags: z.tuple([z.string()]),
  summary: z.string().min(1),
  description: z.string().min(20),
  parameters: z.array(parameter),
  requestBody: requestBody.optional(),
  responses: z.record(z.string(), response),
  'x-role': z.enum(['read', 'write', 'admin']).optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
});
const documentShape = z.looseObject({
  openapi: z.literal('3.1.0'),
  info: z.looseObject({ description: z.string().min(100) }),
  tags: z.array(z.object({ name: z.string(), description: z.string().min(20) })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({})),
    responses: z.record(z.string(), z.looseObject({ description: z.string().min(10) })),
  }),
});

let api: TestApi;
before(async () => {
  const influx = fakeInflux(async function* ({ query }) {
    if (query === 'rank') yield rankBatch('4', '9');
    else yield priceBatch([['kraken', '2022-10-11T03:35:02.358Z', '1.5']]);
  });
  api = await startApi({ influx });
});
after(() => api.close());

const read = async () => documentShape.parse(await (await fetch(`${api.url}/openapi.json`)).json());

it('describes every route once, with parameters as they are checked', async () => {
  const { paths } = await read();
  assert.deepEqual(Object.keys(paths).sort(), [
    '/',
    '/api/v1/alerts',
    '/api/v1/alerts/events',
    '/api/v1/alerts/preview',
    '/api/v1/alerts/{id}',
    '/api/v1/alerts/{id}/deliveries',
    '/api/v1/alerts/{id}/events',
    '/api/v1/alerts/{id}/test',
    '/api/v1/articles',
    '/api/v1/articles/{id}',
    '/api/v1/audit',
    '/api/v1/backfills',
    '/api/v1/backfills/{id}',
    '/api/v1/channels',
    '/api/v1/channels/confirm',
    '/api/v1/channels/leave',
    '/api/v1/channels/{id}',
    '/api/v1/channels/{id}/disable',
    '/api/v1/channels/{id}/enable',
    '/api/v1/channels/{id}/rotate',
    '/api/v1/deliveries',
    '/api/v1/deliveries/replay',
    '/api/v1/deliveries/{id}',
    '/api/v1/deliveries/{id}/replay',
    '/api/v1/events',
    '/api/v1/exchanges',
    '/api/v1/exchanges/{exchange}',
    '/api/v1/exchanges/{exchange}/slots',
    '/api/v1/feeds',
    '/api/v1/feeds/opml',
    '/api/v1/feeds/{id}',
    '/api/v1/feeds/{id}/check',
    '/api/v1/flux',
    '/api/v1/flux/check',
    '/api/v1/flux/complete',
    '/api/v1/flux/examples',
    '/api/v1/jobs',
    '/api/v1/jobs/{id}',
    '/api/v1/jobs/{id}/cancel',
    '/api/v1/jobs/{id}/retry',
    '/api/v1/keys',
    '/api/v1/keys/{id}',
    '/api/v1/me',
    '/api/v1/metrics',
    '/api/v1/metrics/{id}',
    '/api/v1/metrics/{id}/records',
    '/api/v1/monitors',
    '/api/v1/monitors/{id}',
    '/api/v1/monitors/{id}/scan',
    '/api/v1/monitors/{id}/scans',
    '/api/v1/monitors/{id}/summary',
    '/api/v1/movers',
    '/api/v1/pairs',
    '/api/v1/pairs/{pair}/prices',
    '/api/v1/pairs/{pair}/ranks',
    '/api/v1/ranks',
    '/api/v1/rules',
    '/api/v1/rules/test',
    '/api/v1/rules/{id}',
    '/api/v1/silences',
    '/api/v1/silences/{id}',
    '/api/v1/tasks',
    '/events',
    '/healthz',
    '/metrics',
    '/openapi.json',
    '/readyz',
    '/ws',
    '/{pair}',
  ]);
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  const names = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(names).size, names.length);
  const pairs = paths['/api/v1/pairs']?.get;
  const limit = pairs?.parameters.find(({ name }) => name === 'limit');
  assert.deepEqual(limit?.schema, { type: 'integer', minimum: 1, maximum: 1000, default: 100 });
  const prices = paths['/{pair}']?.get;
  assert.deepEqual(
    prices?.parameters.map(({ name, required }) => [name, required]),
    [
      ['pair', true],
      ['duration', false],
      ['exchange', false],
    ],
  );
  assert.deepEqual(Object.keys(prices?.responses['200']?.content ?? {}), [
    'application/json',
    'application/x-ndjson',
    'text/csv',
  ]);
});

it('refers only to what it defines', async () => {
  const text = JSON.stringify(await read());
  const { components } = JSON.parse(text) as { components: { schemas: object } };
  const referred = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  assert.ok(referred.length >= 8);
  for (const [, name] of referred) assert.ok(name! in components.schemas, name);
  assert.doesNotMatch(text, /\$defs|\$schema/);
});

it('puts every operation in a chapter, and says what it may refuse', async () => {
  const { paths, tags, components } = await read();
  const chapters = tags.map(({ name }) => name);
  const used = new Set<string>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { tags, parameters, requestBody, responses, ...one }] of Object.entries(
      methods,
    )) {
      used.add(tags[0]);
      const inPath = parameters.some((parameter) => parameter.in === 'path');
      const wanted = [
        ...['400', '429', '500', '503'],
        ...(one['x-role'] === undefined ? [] : ['401', '403']),
        ...(inPath ? ['404'] : []),
        ...(requestBody === undefined ? [] : ['413', '415', '422']),
      ];
      const missing = wanted.filter((status) => responses[status] === undefined);
      assert.deepEqual(missing, [], `${method} ${path}`);
      for (const { $ref } of Object.values(responses)) {
        if ($ref !== undefined) assert.ok($ref.split('/').at(-1)! in components.responses, $ref);
      }
    }
  }
  assert.deepEqual([...used].sort(), [...chapters].sort());
});

it('has an example of every JSON body and answer, as the schemas say', async () => {
  const { paths, components } = await read();
  const schemaOf = (schema: object) => {
    const moved = JSON.stringify({ ...schema, $defs: components.schemas });
    return z.fromJSONSchema(JSON.parse(moved.replaceAll('#/components/schemas/', '#/$defs/')));
  };
  let count = 0;
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const [place, { content = {} }] of Object.entries({
      ...operation.responses,
      ...(operation.requestBody && { body: operation.requestBody }),
    })) {
      const where = `${operation.operationId} ${place}`;
      for (const [type, { schema, example }] of Object.entries(content)) {
        if (type !== 'application/json') continue;
        count += 1;
        assert.notEqual(example, undefined, `${where} has no example`);
        assert.deepEqual(strangers(example, schema, components.schemas), [], where);
        const { error } = schemaOf(schema).safeParse(example);
        assert.equal(error, undefined, `${where}: ${error?.message}`);
      }
    }
  }
  assert.ok(count >= 110, `${count} examples`);
});

/** Members of an example that its shape does not have. */
function strangers(example: unknown, schema: object, shapes: object): readonly string[] {
  const { $ref, properties, items } = schema as {
    readonly $ref?: string;
    readonly properties?: Readonly<Record<string, object>>;
    readonly items?: object;
  };
  if ($ref !== undefined) {
    const shape = (shapes as Record<string, object>)[$ref.split('/').at(-1)!];
    return strangers(example, shape!, shapes);
  }
  if (items !== undefined) {
    return (example as readonly unknown[]).flatMap((item) => strangers(item, items, shapes));
  }
  if (properties === undefined || example === null) return [];
  return Object.entries(example as object).flatMap(([name, value]) =>
    properties[name] === undefined ? [name] : strangers(value, properties[name], shapes),
  );
}

it('publishes the schema that the answers have', async () => {
  const { components, paths } = await read();
  const schema = paths['/{pair}']?.get?.responses['200']?.content?.['application/json']?.schema;
  assert.deepEqual(schema, { $ref: '#/components/schemas/Prices' });
  // JSON Schema keeps its definitions elsewhere than OpenAPI; the reader knows only that place.
  const moved = JSON.stringify({ ...schema, $defs: components.schemas });
  const prices = z.fromJSONSchema(
    JSON.parse(moved.replaceAll('#/components/schemas/', '#/$defs/')),
  );
  const answer = await (await fetch(`${api.url}/btcusd`)).json();
  prices.parse(answer);
  assert.throws(() => prices.parse({ ...(answer as object), rank: 'first' }));
});

it('says what a change wants, and who may make it', async () => {
  const { paths, components } = await read();
  for (const [path, method] of [
    ['/api/v1/backfills', 'post'],
    ['/api/v1/feeds', 'post'],
    ['/api/v1/feeds/{id}', 'patch'],
    ['/api/v1/rules', 'post'],
    ['/api/v1/rules/{id}', 'patch'],
    ['/api/v1/rules/test', 'post'],
    ['/api/v1/exchanges', 'post'],
    ['/api/v1/exchanges/{exchange}', 'patch'],
    ['/api/v1/metrics', 'post'],
    ['/api/v1/monitors', 'post'],
    ['/api/v1/monitors/{id}', 'patch'],
  ] as const) {
    const found = paths[path]?.[method];
    const schema = found?.requestBody?.content['application/json']?.schema as { $ref: string };
    const name = schema.$ref.split('/').at(-1)!;
    assert.equal(components.schemas[name]?.additionalProperties, false, name);
    assert.equal(found?.['x-role'], 'write');
  }
  const addition = components.schemas.ExchangeAddition as {
    required: string[];
    properties: Record<string, { type?: string; enum?: string[] }>;
  };
  assert.deepEqual(addition.required, ['exchange']);
  assert.equal(addition.properties.interval?.type, 'string');
  assert.deepEqual(addition.properties.mode?.enum, ['poll', 'stream']);
  assert.equal(paths['/api/v1/metrics/{id}']?.delete?.responses['204']?.content, undefined);
});

it('describes every field of monitors, feeds, rules, articles, jobs and events', async () => {
  const { components } = await read();
  interface Part {
    readonly description?: string;
    readonly $ref?: string;
    readonly properties?: Readonly<Record<string, Part>>;
    readonly items?: Part;
  }
  const undescribed = ({ properties = {}, items }: Part, path: string): string[] => [
    ...(items ? undescribed(items, `${path}[]`) : []),
    ...Object.entries(properties).flatMap(([name, part]) => [
      ...(part.description || part.$ref ? [] : [`${path}.${name}`]),
      ...undescribed(part, `${path}.${name}`),
    ]),
  ];
  const names = Object.keys(components.schemas).filter((name) =>
    /Monitor|Scan|Event|Certificate|Feed|Rule|Article|Job/.test(name),
  );
  assert.ok(names.length >= 22);
  const found = names.flatMap((name) => undescribed(components.schemas[name] as Part, name));
  assert.deepEqual(found, []);
});
