import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call, type Engine, forEachEngine, orgIdOf, rows } from '../helpers/engines.ts';

interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly orgID: string;
  readonly type: string;
  readonly description?: string;
  readonly retentionRules: readonly { readonly everySeconds: number }[];
}

forEachEngine((name, start) => {
  describe(`buckets of ${name}`, () => {
    let engine: Engine;
    let orgID: string;
    before(async () => {
      engine = await start();
      orgID = await orgIdOf(engine);
    });
    after(() => engine.stop());

    const create = (bucket: object) => call(engine, 'POST /api/v2/buckets', { orgID, ...bucket });
    const message = (json: unknown) => (json as { message: string }).message;

    test('a bucket is made, read, changed and deleted', async () => {
      const retentionRules = [{ type: 'expire', everySeconds: 86_400 }];
      const made = await create({ name: 'one', description: 'x', retentionRules });
      assert.equal(made.status, 201);
      const bucket = made.json as Bucket;
      assert.match(bucket.id, /^[0-9a-f]{16}$/);
      assert.deepEqual([bucket.name, bucket.orgID, bucket.type], ['one', orgID, 'user']);
      assert.equal(bucket.retentionRules[0]?.everySeconds, 86_400);
      const path = `/api/v2/buckets/${bucket.id}`;
      const change = { description: 'y', retentionRules: [{ type: 'expire', everySeconds: 7200 }] };
      assert.equal((await call(engine, `PATCH ${path}`, change)).status, 200);
      const read = (await call(engine, `GET ${path}`)).json as Bucket;
      assert.deepEqual([read.description, read.retentionRules[0]?.everySeconds], ['y', 7200]);
      assert.equal((await call(engine, `DELETE ${path}`)).status, 204);
      const gone = await call(engine, `DELETE ${path}`);
      assert.deepEqual([gone.status, message(gone.json)], [404, 'bucket not found']);
    });

    test('names are unique, and may not begin with an underscore', async () => {
      assert.equal((await create({ name: 'twice' })).status, 201);
      const again = await create({ name: 'twice' });
      const taken = 'bucket with name twice already exists';
      assert.deepEqual([again.status, again.code, message(again.json)], [422, 'conflict', taken]);
      const system = await create({ name: '_x' });
      const reason = 'bucket name _x is invalid. Buckets may not start with underscore';
      assert.deepEqual([system.status, message(system.json)], [400, reason]);
    });

    test('of those who ask for one name at the same time one gets it', async () => {
      const asks: readonly (readonly [kind: string, what: string, more: object])[] = [
        ['buckets', 'bucket', { orgID }],
        ['labels', 'label', { orgID }],
        ['users', 'user', {}],
        ['orgs', 'organization', {}],
      ];
      for (const [kind, what, more] of asks) {
        const ask = () => call(engine, `POST /api/v2/${kind}`, { name: 'rush', ...more });
        const answers = await Promise.all(Array.from({ length: 8 }, ask));
        const refused = answers.filter(({ status }) => status !== 201);
        assert.equal(refused.length, 7, kind);
        for (const { status, code, json } of refused) {
          const said = [status, code, message(json)];
          assert.deepEqual(said, [422, 'conflict', `${what} with name rush already exists`]);
        }
        const { json } = answers.find(({ status }) => status === 201)!;
        const { id } = kind === 'labels' ? (json as { label: Bucket }).label : (json as Bucket);
        assert.equal((await call(engine, `DELETE /api/v2/${kind}/${id}`)).status, 204);
      }
    });

    test('what makes no bucket is refused', async () => {
      const noOrg = await call(engine, 'POST /api/v2/buckets', { name: 'b3' });
      assert.deepEqual(
        [noOrg.status, message(noOrg.json)],
        [400, 'organization id must be provided'],
      );
      const brief = await create({
        name: 'b4',
        retentionRules: [{ type: 'expire', everySeconds: 60 }],
      });
      const text = 'retention policy duration must be at least 1h0m0s';
      assert.deepEqual([brief.status, message(brief.json)], [500, text]);
      const broken = await call(engine, 'POST /api/v2/buckets', '{nope');
      assert.deepEqual([broken.status, broken.code], [400, 'invalid']);
    });

    test('lists page by page, and by name', async () => {
      for (const bucket of ['p1', 'p2', 'p3']) await create({ name: bucket });
      const seen = new Set<string>();
      let path = '/api/v2/buckets?limit=2';
      while (path) {
        const { status, json } = await call(engine, `GET ${path}`);
        assert.equal(status, 200);
        const page = json as { buckets: Bucket[]; links: { next?: string } };
        assert.ok(page.buckets.length <= 2);
        for (const bucket of page.buckets) {
          assert.ok(!seen.has(bucket.name), bucket.name);
          seen.add(bucket.name);
        }
        path = page.links.next ?? '';
      }
      for (const bucket of ['p1', 'p2', 'p3', 'tidemark']) assert.ok(seen.has(bucket), bucket);
      const byName = await call(engine, 'GET /api/v2/buckets?name=p2&org=tidemark');
      const found = (byName.json as { buckets: Bucket[] }).buckets.map((bucket) => bucket.name);
      assert.deepEqual(found, ['p2']);
    });

    test('a missing name or organization is a 404', async () => {
      const bucket = await call(engine, `GET /api/v2/buckets?name=zzz&orgID=${orgID}`);
      assert.deepEqual([bucket.status, message(bucket.json)], [404, 'bucket "zzz" not found']);
      const org = await call(engine, 'GET /api/v2/buckets?org=zzz');
      assert.deepEqual([org.status, message(org.json)], [404, 'organization name "zzz" not found']);
      const limit = await call(engine, 'GET /api/v2/buckets?limit=1000');
      assert.deepEqual(
        [limit.status, message(limit.json)],
        [400, 'limit must be between 1 and 100'],
      );
    });

    test('a deleted bucket takes its points along', async () => {
      const { json } = await create({ name: 'reborn' });
      const write = 'POST /api/v2/write?org=tidemark&bucket=reborn&precision=s';
      assert.equal((await call(engine, write, 'm v=1 1700000000')).status, 204);
      await call(engine, `DELETE /api/v2/buckets/${(json as Bucket).id}`);
      assert.equal((await call(engine, write, 'm v=1 1700000000')).status, 404);
      assert.equal((await create({ name: 'reborn' })).status, 201);
      // Of another type than before: nothing of the old bucket is remembered.
      assert.equal((await call(engine, write, 'm v="text" 1700000060')).status, 204);
      const found = await rows(engine, 'from(bucket: "reborn") |> range(start: 0)');
      assert.deepEqual(
        found.map((row) => row._value),
        ['text'],
      );
    });

    test('a token sees and touches only what it may', async () => {
      const { json } = await create({ name: 'guarded' });
      const { id } = json as Bucket;
      const permissions = [{ action: 'write', resource: { type: 'buckets', id, orgID } }];
      const made = await call(engine, 'POST /api/v2/authorizations', { orgID, permissions });
      assert.equal(made.status, 201);
      const writer = { ...engine, token: (made.json as { token: string }).token };
      const write = 'POST /api/v2/write?org=tidemark&bucket=';
      assert.equal((await call(writer, `${write}guarded`, 'm v=1')).status, 204);
      const other = await call(writer, `${write}tidemark`, 'm v=1');
      assert.deepEqual(
        [other.status, message(other.json)],
        [403, 'insufficient permissions for write'],
      );
      const query = 'from(bucket: "guarded") |> range(start: -1h)';
      await assert.rejects(rows(writer, query), /could not find bucket/);
      assert.equal(
        (await call(engine, 'POST /api/v2/authorizations', { orgID, permissions: [] })).status,
        400,
      );
    });
  });
});
