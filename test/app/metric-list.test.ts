/** The metrics of a whole process: how they are called, labelled, and that each is known. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { Probe } from '../../api/contract.ts';
import { showProbes, showTasks, showWorkers } from '../../app/levels.ts';
import { metricList } from '../../app/metric-list.ts';
import { roles } from '../../app/roles.ts';
import { type App, startApp } from '../../app/start.ts';
import { systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { silentLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import { projectRoot } from '../../core/paths.ts';
import { operations } from '../../scripts/operations-board.ts';
import { ManualClock } from '../helpers/clock.ts';

const list = metricList();
const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');

/** What labels are called whose values are few, and stay so. */
const BOUNDED = new Set([
  ...['channel', 'event', 'exchange', 'kind', 'method', 'node', 'outcome', 'probe', 'reason'],
  ...['result', 'route', 'sender', 'state', 'status', 'task', 'version', 'what'],
]);

describe('the list of metrics', () => {
  it('has names that say whose they are and in what unit', () => {
    for (const { name, type } of list) {
      assert.match(name, /^tidemark_[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      assert.equal(type === 'counter', name.endsWith('_total'), name);
      if (type === 'histogram') assert.match(name, /_(seconds|bytes)$/);
      assert.doesNotMatch(name, /_(ms|millis|minutes|kb|mb|count|sum|bucket|info_total)$/);
    }
    assert.equal(new Set(list.map(({ name }) => name)).size, list.length);
  });

  it('has help that is a sentence, once', () => {
    for (const { name, help } of list) {
      assert.ok(help.length >= 14 && help.length <= 120, name);
      assert.match(help, /^[A-Z0-9]/, name);
      assert.doesNotMatch(help, /\.$|\||\n/, name);
    }
  });

  it('has no label that grows with what is recorded', () => {
    for (const { name, labels } of list) {
      for (const label of labels) assert.ok(BOUNDED.has(label), `${name}: ${label}`);
    }
  });

  it('has every metric of the rules and of the dashboard of operations', () => {
    const { groups } = parse(read('deploy/prometheus/rules.yml')) as {
      groups: readonly { rules: readonly { expr: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules.map(({ expr }) => expr));
    const graphs = operations.flatMap(({ queries }) => queries.map(([expr]) => expr));
    const series = new Set(
      list.flatMap(({ name, type }) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
      ),
    );
    for (const expr of [...rules, ...graphs]) {
      for (const [name] of expr.matchAll(/\btidemark_\w+/g)) {
        if (!/tidemark_\(/.test(expr)) assert.ok(series.has(name), `${name} in ${expr}`);
      }
      for (const [, pattern] of expr.matchAll(/__name__=~"([^"]+)"/g)) {
        const fitting = [...series].filter((name) => new RegExp(`^(?:${pattern})$`).test(name));
        assert.equal(fitting.length, 3, pattern);
      }
    }
    assert.ok(rules.length > 5 && graphs.length > 10);
  });
});

describe('what is read when metrics are', () => {
  const shownOf = (text: string, name: string) =>
    new RegExp(`^tidemark_${name} (\\S+)$`, 'm').exec(text)?.[1];

  it('has 0 for a check that is wrong, fails or hangs', async () => {
    const clock = new ManualClock();
    const metrics = createMetrics();
    const probe = (name: string, check: Probe['check']): Probe => ({ name, check });
    const probes = [
      probe('well', async () => ({ ok: true })),
      probe('wrong', async () => ({ ok: false, reason: 'x' })),
      probe('failing', () => Promise.reject(new Error('away'))),
      probe('hanging', () => new Promise(() => {})),
    ];
    showProbes(metrics, probes, clock);
    const reading = metrics.read();
    await clock.advance(1_500);
    const { text } = await reading;
    const found = probes.map(({ name }) => shownOf(text, `probe_ok\\{probe="${name}"\\}`));
    assert.deepEqual(found, ['1', '0', '0', '0']);
  });

  it('keeps its value where it cannot be read, and keeps nobody waiting', async () => {
    const clock = new ManualClock();
    const metrics = createMetrics({ clock });
    const answers = [async () => 4, () => Promise.reject(new Error('away')), hang];
    showWorkers(metrics, 'scans', () => answers.shift()!());
    for (const _ of [1, 2, 3]) {
      const reading = metrics.read();
      await clock.advance(2_000);
      assert.equal(shownOf((await reading).text, 'scans_workers'), '4');
    }
  });

  it('has one row for all rules of alerts, and one for each other task', async () => {
    const metrics = createMetrics();
    const task = (name: string, ageMs: number, ok = true) => {
      return { name: `tidemark: ${name}`, ok, reason: undefined, ageMs };
    };
    const health = async () => [
      ...[task('rank-24h', 1_000), task('alert-canary', 2_000), task('alert-a1', 3_000)],
      task('alert-b2', 9_000, false),
    ];
    showTasks(metrics, health, async () => 5);
    const { text } = await metrics.read();
    assert.equal(shownOf(text, 'task_age_seconds\\{task="rank-24h"\\}'), '1');
    assert.equal(shownOf(text, 'task_age_seconds\\{task="alert-canary"\\}'), '2');
    assert.equal(shownOf(text, 'task_age_seconds\\{task="alert rules"\\}'), '9');
    assert.equal(text.match(/^tidemark_task_age_seconds\{/gm)?.length, 3);
    assert.equal(shownOf(text, 'tasks_wrong'), '1');
    assert.equal(shownOf(text, 'dirty_ranges'), '5');
  });
});

const hang = (): Promise<number> => new Promise(() => {});

describe('a process with every role', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-metrics-'));
  let app: App;
  let text = '';

  before(async () => {
    const config = readConfig({
      ...{ DATA_DIR: dir, PORT: '0', INFLUX_PORT: '0', EXCHANGES: 'kraken', BACKFILL: 'off' },
      EXCHANGE_KRAKEN_URL: 'http://127.0.0.1:1',
    });
    app = await startApp(config, { roles: new Set(roles), clock: systemClock, log: silentLog });
    await fetch(`${app.url}/healthz`);
    const answer = await fetch(`${app.url}/metrics`);
    assert.equal(answer.status, 200);
    text = await answer.text();
  });
  after(async () => {
    await app?.close();
    await rm(dir, { recursive: true });
  });

  it('has the metrics of the list, and no other of ours', () => {
    const found = [...text.matchAll(/^# TYPE (tidemark_\S+) (\S+)$/gm)];
    assert.deepEqual(
      found.map(([, name, type]) => `${name} ${type}`).toSorted(),
      list.map(({ name, type }) => `${name} ${type}`).toSorted(),
    );
  });

  it('calls nothing a counter that is none, ours or not', () => {
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      assert.equal(type === 'counter', name?.endsWith('_total'), name);
    }
  });

  it('has no address, path or id in a label', () => {
    const values = [...text.matchAll(/^tidemark_\w+\{(.+)\} /gm)].flatMap(([, labels = '']) =>
      [...labels.matchAll(/="([^"]*)"/g)].map(([, value]) => value),
    );
    assert.ok(values.length > 50);
    for (const value of values) assert.doesNotMatch(value ?? '', /[/?@]|:\/\/|[0-9a-f]{12}/);
  });

  it('says of each check whether it is well', () => {
    for (const probe of ['influx', 'registry', 'writer']) {
      assert.match(text, new RegExp(`^tidemark_probe_ok\\{probe="${probe}"\\} [01]$`, 'm'));
    }
    assert.match(text, /^tidemark_build_info\{version="[^"]+",node="2\d\./m);
    assert.match(text, /^tidemark_influx_request_seconds_count\{kind="\w+",outcome="ok"\} \d/m);
    assert.match(text, /^tidemark_registry_seconds_count\{kind="query",outcome="ok"\} [1-9]/m);
  });
});
