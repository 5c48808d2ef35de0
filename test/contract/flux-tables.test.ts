import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { silentLog } from '../../core/log.ts';
import { startEngine } from '../../embedded/engine.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';
import type { Answer } from './annotated.ts';
import { firstDifference, parseAnswer, sortColumns } from './annotated.ts';
import type { TableCase } from './table-cases.ts';
import { dataset, nowText, readCases } from './table-cases.ts';

interface Target {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  stop(): Promise<void>;
}

async function startEmbedded(): Promise<Target> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-tables-'));
  const engine = await startEngine({
    dir,
    host: '127.0.0.1',
    port: 0,
    org: 'tidemark',
    bucket: 'tidemark',
    log: silentLog,
  });
  const stop = async () => {
    await engine.close();
    await rm(dir, { recursive: true, force: true });
  };
  return { url: engine.url, token: engine.token, org: engine.org, stop };
}

async function call(target: Target, path: string, body: string, type = 'application/json') {
  const response = await fetch(`${target.url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Token ${target.token}`, 'Content-Type': type },
    body,
  });
  return { status: response.status, text: await response.text() };
}

async function fill(target: Target): Promise<void> {
  const orgs = await fetch(`${target.url}/api/v2/orgs?org=${target.org}`, {
    headers: { Authorization: `Token ${target.token}` },
  });
  const { orgs: [org] = [] } = (await orgs.json()) as { orgs: { id: string }[] };
  for (const name of ['t', 'w']) {
    const made = await call(target, '/api/v2/buckets', JSON.stringify({ orgID: org!.id, name }));
    assert.equal(made.status, 201, made.text);
  }
  const path = `/api/v2/write?org=${target.org}&bucket=t&precision=ns`;
  const written = await call(target, path, dataset, 'text/plain');
  assert.equal(written.status, 204, written.text);
}

async function ask(target: Target, { script }: TableCase): Promise<Answer> {
  const dialect = { header: true, delimiter: ',', annotations: ['datatype', 'group', 'default'] };
  const body = JSON.stringify({ query: script, type: 'flux', dialect, now: nowText });
  const { status, text } = await call(target, `/api/v2/query?org=${target.org}`, body);
  return parseAnswer(status, text);
}

const skip = influxdPath() === undefined ? 'no influxd: `make influxd` builds it' : false;

describe('tables of the embedded engine and of InfluxDB', { skip }, () => {
  let embedded: Target;
  let influxd: Target;

  before(async () => {
    [embedded, influxd] = await Promise.all([startEmbedded(), startInfluxd()]);
    await Promise.all([fill(embedded), fill(influxd)]);
  });
  after(() => Promise.all([embedded?.stop(), influxd?.stop()]));

  const same = (one: TableCase) => async () => {
    const [got, want] = await Promise.all([ask(embedded, one), ask(influxd, one)]);
    const shape = one.anyColumnOrder ? sortColumns : (answer: Answer) => answer;
    const difference = firstDifference(shape(got), shape(want));
    assert.equal(difference, undefined, `${difference}\n${one.script}`);
  };
  for (const one of readCases()) test(one.name, same(one));
});
