/** Every query of every dashboard, as the InfluxDB UI and as Grafana send it, on every engine. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { projectRoot } from '../../core/paths.ts';
import { fluxNames } from '../../flux/load.ts';
import { scriptOf } from '../../tasks/dashboards/cells.ts';
import { dashboards, variables } from '../../tasks/dashboards/definitions.ts';
import { boardLines } from '../helpers/board-points.ts';
import { call, type Engine, forEachEngine, rows } from '../helpers/engines.ts';

/** What the UI sets before a script: its own option `v`. */
const OPTION_V = `option v = {
  timeRangeStart: -1h, timeRangeStop: now(), windowPeriod: 1m,
  tidemark_pair: "btcusd", tidemark_monitor: "1",
}
`;

/** A variable as it stands in a query. */
const chosen = (name: string): string => ['$', `{${name}:doublequote}`].join('');

/** What Grafana puts in place of its names, in the text. */
function asGrafana(query: string, bucket: string): string {
  const nowMs = Date.now();
  const values: Record<string, string> = {
    'v.timeRangeStart': new Date(nowMs - 3_600_000).toISOString(),
    'v.timeRangeStop': new Date(nowMs).toISOString(),
    'v.windowPeriod': '1m0s',
    'v.defaultBucket': JSON.stringify(bucket),
    [chosen('pair')]: '"btcusd"',
    [chosen('monitor')]: '"1"',
  };
  return Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(name, value),
    query,
  );
}

interface Board {
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string }[];
  };
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly query: string }[];
  }[];
}

const board = (id: string): Board =>
  JSON.parse(readFileSync(join(projectRoot, `deploy/grafana/dashboards/${id}.json`), 'utf8'));

forEachEngine((name, start) => {
  describe(`queries of dashboards on ${name}`, () => {
    let engine: Engine;
    let influx: Influx;

    before(async () => {
      engine = await start();
      influx = createInflux({ ...engine, timeoutMs: 60_000, clock: systemClock });
      const lines = boardLines(Date.now()).join('\n');
      const answer = await influx.write(lines, { gzip: false });
      assert.equal(answer.status, 204, answer.text);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    for (const { id, title, panels, variables: names } of dashboards) {
      it(`${title}: in the UI every cell has rows`, async () => {
        for (const { title: panel, query, series } of panels) {
          const found = await rows(engine, OPTION_V + scriptOf(query, engine.bucket));
          assert.ok(found.length > 0, `${panel} is empty`);
          const first = found[0]!;
          assert.ok(series === '' || series in first, `${panel} has no ${series}`);
        }
      });

      it(`${title}: in Grafana every panel and variable has rows`, async () => {
        const { panels: shown, templating } = board(id);
        assert.deepEqual(
          shown.map((panel) => panel.title),
          panels.map((panel) => panel.title),
        );
        assert.deepEqual(
          templating.list.map((variable) => variable.name),
          names,
        );
        const all = [...shown.flatMap(({ targets }) => targets), ...templating.list];
        for (const { query } of all) {
          const flux = asGrafana(query, engine.bucket);
          assert.doesNotMatch(flux, /\bv\.|\$\{/, 'a name that Grafana does not know');
          const found = await rows(engine, flux);
          assert.ok(found.length > 0, flux);
        }
      });
    }

    it('gives the values of variables in _value, as text', async () => {
      const pairs = await rows(engine, scriptOf(variables.pair.query, engine.bucket));
      assert.deepEqual(
        pairs.map(({ _value }) => _value),
        ['btcusd'],
      );
      const monitors = await rows(engine, scriptOf(variables.monitor.query, engine.bucket));
      assert.deepEqual(
        monitors.map(({ _value }) => _value),
        ['1'],
      );
    });

    it('takes v from outside of the script, as the UI sends it', async () => {
      const value = (text: string) => ({ type: 'StringLiteral', value: text });
      const duration = (magnitude: number, unit: string) => ({
        ...{ type: 'DurationLiteral', values: [{ magnitude, unit }] },
      });
      const property = (key: string, to: object) => ({
        ...{ type: 'Property', key: { type: 'Identifier', name: key }, value: to },
      });
      const hour = { type: 'UnaryExpression', operator: '-', argument: duration(1, 'h') };
      const now = { type: 'CallExpression', callee: { type: 'Identifier', name: 'now' } };
      const properties = [
        property('timeRangeStart', hour),
        property('timeRangeStop', now),
        property('windowPeriod', duration(1, 'm')),
        property('tidemark_pair', value('btcusd')),
      ];
      const assignment = {
        ...{ type: 'VariableAssignment', id: { type: 'Identifier', name: 'v' } },
        init: { type: 'ObjectExpression', properties },
      };
      const extern = {
        type: 'File',
        package: null,
        imports: null,
        body: [{ type: 'OptionStatement', assignment }],
      };
      const query = scriptOf('market-price', engine.bucket);
      const answer = await call(
        engine,
        `POST /api/v2/query?org=${engine.org}`,
        { query, extern },
        {
          'Content-Type': 'application/json',
        },
      );
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.text, /kraken/);
    });
  });
});

it('shows every query of flux/dashboards somewhere', () => {
  const shown = [
    ...dashboards.flatMap(({ panels }) => panels.map(({ query }) => query)),
    ...Object.values(variables).map(({ query }) => query),
  ];
  assert.deepEqual(shown.toSorted(), [...fluxNames('dashboards')]);
});
