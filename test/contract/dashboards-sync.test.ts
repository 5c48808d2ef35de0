/** Dashboards, variables and the label in the UI of a real InfluxDB. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { dashboards, variables } from '../../tasks/dashboards/definitions.ts';
import { startDashboards } from '../../tasks/dashboards/service.ts';
import { syncDashboards } from '../../tasks/dashboards/sync.ts';
import { boardLines } from '../helpers/board-points.ts';
import { call, orgIdOf, rows, startEmbedded } from '../helpers/engines.ts';
import { type Influxd, influxdPath, startInfluxd } from '../helpers/influxd.ts';

const ALL = dashboards.length + Object.keys(variables).length;
const NOTHING = { created: 0, renewed: 0, left: 0 };

interface CellAnswer {
  readonly id: string;
  readonly w: number;
  readonly properties: { readonly type: string; readonly queries: readonly { text: string }[] };
}

if (influxdPath() === undefined) test('influxd', { skip: 'no influxd: `make influxd` builds it' });
else {
  describe('dashboards of the InfluxDB UI', () => {
    let influxd: Influxd;
    let influx: Influx;

    before(async () => {
      influxd = await startInfluxd();
      influx = createInflux({ ...influxd, timeoutMs: 20_000, clock: systemClock });
    });
    afterEach(async () => {
      for (const { id } of await influx.dashboards.list()) await influx.dashboards.delete(id);
      for (const { id } of await influx.dashboards.variables()) {
        await call(influxd, `DELETE /api/v2/variables/${id}`);
      }
    });
    after(async () => {
      await influx?.close();
      await influxd?.stop();
    });

    const sync = () =>
      syncDashboards({ api: influx.dashboards, bucket: influxd.bucket, log: silentLog });
    const named = async (title: string) =>
      (await influx.dashboards.list()).filter(({ name }) => name === `Tidemark: ${title}`);
    const cellsOf = async (id: string) => {
      const { json } = await call(influxd, `GET /api/v2/dashboards/${id}?include=properties`);
      return (json as { cells: readonly CellAnswer[] }).cells;
    };

    it('are made once, with a label, and left alone after that', async () => {
      assert.deepEqual(await sync(), { ...NOTHING, created: ALL });
      const made = await influx.dashboards.list();
      assert.deepEqual(
        made.map(({ name }) => name).toSorted(),
        dashboards.map(({ title }) => `Tidemark: ${title}`).toSorted(),
      );
      for (const { labels } of made)
        assert.deepEqual(
          labels.map(({ name }) => name),
          ['tidemark'],
        );
      assert.deepEqual(await sync(), NOTHING);
      assert.deepEqual(
        (await influx.dashboards.list()).map(({ id }) => id),
        made.map(({ id }) => id),
      );
    });

    it('have cells whose queries run', async () => {
      await sync();
      const lines = boardLines(Date.now()).join('\n');
      assert.equal((await influx.write(lines, { gzip: false })).status, 204);
      const option =
        'option v = {timeRangeStart: -1h, timeRangeStop: now(), windowPeriod: 1m, ' +
        'tidemark_pair: "btcusd", tidemark_monitor: "1"}\n';
      for (const { title, panels } of dashboards) {
        const [{ id } = { id: '' }] = await named(title);
        const cells = await cellsOf(id);
        assert.equal(cells.length, panels.length);
        for (const { properties } of cells) {
          const [query] = properties.queries;
          assert.ok((await rows(influxd, option + query!.text)).length > 0, query!.text);
        }
      }
    });

    it('are made anew where they are of another version, under their id', async () => {
      await sync();
      const [before] = await named('Markets');
      const { id, description } = before!;
      const older = description.replace(/\([0-9a-f]{12}\)/, '(000000000000)');
      await influx.dashboards.describe(id, older);
      await influx.dashboards.replaceCells(id, []);
      assert.deepEqual(await sync(), { ...NOTHING, renewed: 1 });
      const [after] = await named('Markets');
      assert.equal(after!.id, id);
      assert.equal(after!.description, description);
      assert.equal((await cellsOf(id)).length, dashboards[0]!.panels.length);
    });

    it('are finished after a stop in the middle', async () => {
      await sync();
      const [{ id, description } = { id: '', description: '' }] = await named('News');
      await influx.dashboards.describe(id, description.replace(/\([0-9a-f]{12}\)/, '(unfinished)'));
      await influx.dashboards.replaceCells(id, []);
      assert.deepEqual(await sync(), { ...NOTHING, renewed: 1 });
      assert.ok((await cellsOf(id)).length > 0);
    });

    it("keep what is somebody's: changed cells, and whatever does not say that it is ours", async () => {
      await sync();
      const [{ id } = { id: '' }] = await named('Scans');
      await influx.dashboards.replaceCells(id, []);
      assert.deepEqual(await sync(), NOTHING);
      assert.equal((await cellsOf(id)).length, 0);
      await influx.dashboards.describe(id, 'My own now.');
      const foreign = await influx.dashboards.create({ name: 'Mine', description: '' });
      assert.deepEqual(await sync(), { ...NOTHING, left: 1 });
      const found = await influx.dashboards.list();
      assert.ok(found.some((one) => one.id === foreign.id));
      assert.equal(found.find((one) => one.id === id)?.description, 'My own now.');
    });

    it("leave a variable of somebody's under our name as it is", async () => {
      const orgID = await orgIdOf(influxd);
      const made = { name: 'tidemark_pair', orgID, arguments: { type: 'constant', values: ['x'] } };
      assert.equal((await call(influxd, 'POST /api/v2/variables', made)).status, 201);
      assert.deepEqual(await sync(), { ...NOTHING, created: ALL - 1, left: 1 });
      const [pair] = (await influx.dashboards.variables()).filter(
        ({ name }) => name === 'tidemark_pair',
      );
      assert.equal(pair?.arguments.type, 'constant');
    });

    it('are the same when two processes make them at once', async () => {
      await Promise.allSettled([sync(), sync()]);
      await sync();
      await sync();
      for (const { title } of dashboards) assert.equal((await named(title)).length, 1, title);
    });

    it('cost a token that may not make them one line, and nothing else', async () => {
      const orgID = await orgIdOf(influxd);
      const permissions = [{ action: 'read', resource: { type: 'buckets', orgID } }];
      const { json } = await call(influxd, 'POST /api/v2/authorizations', { orgID, permissions });
      const { token } = json as { token: string };
      const poor = createInflux({ ...influxd, token, timeoutMs: 20_000, clock: systemClock });
      const said: string[] = [];
      const log = { ...silentLog, info: (_: object, text: string) => void said.push(text) };
      const { dashboards: api, bucket } = poor;
      const shown = startDashboards({ api, bucket, log, clock: systemClock });
      await shown.ended;
      await shown.close();
      await poor.close();
      assert.equal(said.length, 1, said.join('\n'));
      assert.deepEqual(await influx.dashboards.list(), []);
    });
  });
}

it('rests where a server has no dashboards', async () => {
  const engine = await startEmbedded();
  const influx = createInflux({ ...engine, timeoutMs: 20_000, clock: systemClock });
  const said: string[] = [];
  const log = { ...silentLog, info: (_: object, text: string) => void said.push(text) };
  const { dashboards: api, bucket } = influx;
  await startDashboards({ api, bucket, log, clock: systemClock }).ended;
  await influx.close();
  await engine.stop();
  assert.equal(said.length, 1);
});
