import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call, type Engine, orgIdOf, startEmbedded } from '../helpers/engines.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';
import type { Answer } from './annotated.ts';
import { firstDifference, parseAnswer, sortColumns } from './annotated.ts';
import type { TableCase } from './table-cases.ts';
import { dataset, nowText, readCases } from './table-cases.ts';

async function fill(target: Engine): Promise<void> {
  const orgID = await orgIdOf(target);
  for (const name of ['t', 'w']) {
    const made = await call(target, 'POST /api/v2/buckets', { orgID, name });
    assert.equal(made.status, 201, made.text);
  }
  const path = `/api/v2/write?org=${target.org}&bucket=t&precision=ns`;
  const written = await call(target, `POST ${path}`, dataset);
  assert.equal(written.status, 204, written.text);
}

async function ask(target: Engine, { script }: TableCase): Promise<Answer> {
  const dialect = { header: true, delimiter: ',', annotations: ['datatype', 'group', 'default'] };
  const body = { query: script, type: 'flux', dialect, now: nowText };
  const { status, text } = await call(target, `POST /api/v2/query?org=${target.org}`, body, {
    'Content-Type': 'application/json',
  });
  return parseAnswer(status, text);
}

const skip = influxdPath() === undefined ? 'no influxd: `make influxd` builds it' : false;

describe('tables of the embedded engine and of InfluxDB', { skip }, () => {
  let embedded: Engine;
  let influxd: Engine;

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
