/** Every script of flux/ that people and the API ask, on every engine: rows worked out by hand. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { projectRoot } from '../../core/paths.ts';
import { call, type Engine, forEachEngine, orgIdOf } from '../helpers/engines.ts';
import { type Answer, type AnswerTable, parseAnswer, sortColumns } from './annotated.ts';
import { type AnswerCase, readAnswers } from './answer-cases.ts';

const files = readAnswers();
const DIALECT = { header: true, delimiter: ',', annotations: ['datatype', 'group', 'default'] };

/** Tables with rows: what a reader of the answer sees. */
function seen({ tables, error }: Answer, { anyOrder }: AnswerCase): readonly AnswerTable[] {
  assert.equal(error, undefined);
  const filled = tables.filter(({ rows }) => rows.length > 0).map(rounded);
  if (!anyOrder) return filled;
  return filled
    .map((table) => ({ ...table, rows: sorted(table.rows) }))
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const sorted = (rows: AnswerTable['rows']) =>
  rows.toSorted((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));

/** Floats to twelve digits: what is written by hand has no more. */
function rounded(table: AnswerTable): AnswerTable {
  const isFloat = table.columns.map((column) => column.includes(' double '));
  const round = (cell: string, i: number) =>
    isFloat[i] && cell !== '' ? String(Number(Number(cell).toPrecision(12))) : cell;
  return { ...table, rows: table.rows.map((row) => row.map(round)) };
}

forEachEngine((name, start) => {
  describe(`what scripts of flux/ answer on ${name}`, () => {
    let engine: Engine;

    before(async () => {
      engine = await start();
      const orgID = await orgIdOf(engine);
      for (const { name: bucket, lines } of files) {
        const made = await call(engine, 'POST /api/v2/buckets', { orgID, name: bucket });
        assert.equal(made.status, 201, made.text);
        const path = `/api/v2/write?org=${engine.org}&bucket=${bucket}&precision=ns`;
        const written = await call(engine, `POST ${path}`, lines);
        assert.equal(written.status, 204, written.text);
      }
    });
    after(() => engine?.stop());

    for (const { name: bucket, cases } of files) {
      for (const one of cases) {
        it(`${one.script}: ${one.title}`, async () => {
          const body = { query: one.flux(bucket), dialect: DIALECT, now: one.now };
          const answer = await call(engine, `POST /api/v2/query?org=${engine.org}`, body);
          const got = sortColumns(parseAnswer(answer.status, answer.text));
          const wanted = { status: 200, error: undefined, tables: one.wanted };
          assert.deepEqual(seen(got, one), seen(sortColumns(wanted), one));
        });
      }
    }
  });
});

it('has cases for every script of flux/', () => {
  const asked = new Set(files.flatMap(({ cases }) => cases.map(({ script }) => script)));
  const there = ['queries', 'dashboards', 'examples'].flatMap((kind) =>
    readdirSync(join(projectRoot, 'flux', kind))
      .filter((file) => file.endsWith('.flux'))
      .map((file) => `${kind}/${file.replace('.flux', '')}`),
  );
  assert.deepEqual([...asked].toSorted(), there.toSorted());
});
