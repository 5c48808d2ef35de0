import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusalsOf } from '../../core/flux-permission.ts';
import { complaintsIn } from '../../core/flux-places.ts';
import { membersOf, packagePaths, parse } from '../../core/flux-syntax.ts';
import { listExamples } from '../../flux/examples.ts';
import { fluxNames, loadFlux, loadTask } from '../../flux/load.ts';
import { evasions } from '../helpers/flux-evasions.ts';

const refusals = (script: string) => refusalsOf(parse(script));

describe('what a key that reads may run', () => {
  it('is every query and example, and no task', () => {
    for (const name of fluxNames('queries')) assert.deepEqual(refusals(loadFlux(name).text), []);
    for (const { query } of listExamples('b"${x}')) assert.deepEqual(refusals(query), []);
    for (const name of fluxNames('tasks')) assert.notEqual(refusals(loadTask(name).text).length, 0);
  });

  it('is a script with names of its own, arguments called `to`, options of time', () => {
    const scripts = [
      'import "date"\nx = date.add(d: 1h, to: now())',
      'import d "date"\nx = d.sub(d: 1h, from: now())',
      'import "array"\narray.from(rows: [{a: 1, to: "b"}])',
      'import "csv"\ncsv.from(csv: "a,b", mode: "raw")',
      'import "timezone"\noption location = timezone.location(name: "Europe/Rome")\nx = 1',
      'option now = () => 2022-01-01T00:00:00Z\nx = today()',
      'f = (tables=<-, n=2) => { m = n * 2 return tables |> limit(n: m) }\nx = f',
      'import "influxdata/influxdb"\ninfluxdb.from(bucket: "b") |> range(start: -1h)',
      'import "influxdata/influxdb/schema"\nschema.tagValues(bucket: "b", tag: "pair")',
      'buckets()',
    ];
    for (const script of scripts) assert.deepEqual(refusals(script), [], script);
  });

  for (const [name, script] of Object.entries(evasions('elsewhere'))) {
    it(`is not ${name}`, () => {
      const [first] = refusals(script);
      assert.ok(first, 'let through');
      assert.ok(first.start.line >= 1 && first.start.column >= 1);
    });
  }

  it('says what is refused and where', () => {
    assert.deepEqual(refusals('x = 1\nfrom(bucket: "b", host: "http://h") |> to(bucket: "c")'), [
      {
        start: { line: 2, column: 19 },
        end: { line: 2, column: 35 },
        message: 'from with the argument host',
      },
      { start: { line: 2, column: 40 }, end: { line: 2, column: 42 }, message: 'the name to' },
    ]);
  });

  it('does not grow without end for a script that is wrong all over', () => {
    assert.equal(refusals('to\n'.repeat(5000)).length, 50);
  });
});

describe('what engines say of a script', () => {
  it('has its place in characters of the line, whichever engine says it', () => {
    const script = 'x = 1\ny = "é𝄞" + 1';
    const wanted = {
      ...{ message: 'expected string but found int', line: 2, column: 12 },
      ...{ endLine: 2, endColumn: 13 },
    };
    const said = 'error @2:15-2:16: expected string but found int';
    assert.deepEqual(complaintsIn(said, script), [wanted]);
    assert.deepEqual(complaintsIn(`compilation failed: ${said}`, script), [wanted]);
    const late = 'runtime error @2:15: expected string but found int';
    assert.deepEqual(complaintsIn(late, script), [wanted]);
  });

  it('comes apart into errors, in the order of the text', () => {
    const said = 'error @3:1-3:2: second\n\nerror @1:1-1:2: first';
    const found = complaintsIn(said, 'a\nb\nc');
    assert.deepEqual(
      found.map(({ message, line }) => [message, line]),
      [
        ['first', 1],
        ['second', 3],
      ],
    );
  });

  it('takes no place of the library of Flux for one of the script', () => {
    const said = 'error calling function "window" @universe/universe.flux|3894:12-3900:10: no';
    assert.deepEqual(complaintsIn(said, 'x = 1'), [{ message: said }]);
  });

  it('stays within the script', () => {
    const [{ line, column } = {}] = complaintsIn('error @9:99-9:100: what', 'x');
    assert.deepEqual([line, column], [9, 1]);
  });
});

describe('the library of Flux', () => {
  it('is known with parameters and constants', async () => {
    assert.ok((await packagePaths()).includes('influxdata/influxdb/schema'));
    const universe = await membersOf('universe');
    const filter = universe.find(({ name }) => name === 'filter');
    assert.deepEqual(
      filter?.parameters?.map(({ name, pipe }) => [name, pipe]),
      [
        ['tables', true],
        ['fn', false],
        ['onEmpty', false],
      ],
    );
    const pi = (await membersOf('math')).find(({ name }) => name === 'pi');
    assert.deepEqual(pi, { name: 'pi', parameters: undefined, gives: 'Float' });
    assert.deepEqual(await membersOf('no/such\n"package'), []);
  });
});
