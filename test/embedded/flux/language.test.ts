import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '../../../core/flux-syntax.ts';
import { createEvaluator, FluxError } from '../../../embedded/flux/evaluate.ts';
import { evaluate, hostWithoutStorage } from '../../helpers/flux.ts';

/** The last column of the only row. */
async function cell(script: string, extern?: unknown): Promise<string> {
  const csv = await evaluate(script, { extern });
  return csv.split('\r\n')[4]!.split(',').at(-1)!;
}

interface Refusal {
  readonly script: string;
  readonly message: RegExp;
  readonly line?: number;
  readonly column?: number;
}

const REFUSALS: readonly Refusal[] = [
  {
    script: 'x = 1\nfrom(',
    message: /^compilation failed: error @2:1-2:6: expected RPAREN/,
    line: 2,
    column: 1,
  },
  {
    script: 'x = 1\ny = zz',
    message: /^error @2:5-2:7: undefined identifier zz$/,
    line: 2,
    column: 5,
  },
  {
    script: 'x = 1\n  y = holtWinters',
    message: /^error @2:7-2:18: holtWinters is not supported by the embedded engine$/,
    line: 2,
    column: 7,
  },
  { script: 'x = 1', message: /returns no streaming data/ },
  {
    script: 'import "sql"\nx = sql.from(driverName: "a", dataSourceName: "b", query: "c")',
    message: /^error @1:1-1:13: package sql is not supported by the embedded engine$/,
    line: 1,
    column: 1,
  },
  {
    script: 'import "math"\nx = math.gamma(x: 1.0)',
    message: /^error @2:5-2:15: function gamma of package math is not supported/,
    line: 2,
    column: 5,
  },
  { script: 'x = 1 / (2 - 2)', message: /^cannot divide by zero$/, line: 1, column: 5 },
  {
    script: 'f = (x) => int(v: x)\ny = f(x: "a")',
    message:
      /^error calling function "f" @2:5-2:14: error calling function "int" @1:12-1:21: cannot convert string "a"/,
    line: 1,
    column: 12,
  },
];

for (const { script, message, line, column } of REFUSALS) {
  test(`refused with its place: ${script.replaceAll('\n', '; ')}`, async () => {
    await assert.rejects(evaluate(script), (error) => {
      assert.ok(error instanceof FluxError);
      assert.match(error.message, message);
      assert.equal(error.status, 400);
      assert.deepEqual([error.line, error.column], [line, column]);
      return true;
    });
  });
}

const EXTERN = {
  type: 'File',
  package: null,
  imports: null,
  body: [
    {
      type: 'OptionStatement',
      assignment: {
        type: 'VariableAssignment',
        id: { type: 'Identifier', name: 'v' },
        init: {
          type: 'ObjectExpression',
          properties: [
            {
              type: 'Property',
              key: { type: 'Identifier', name: 'n' },
              value: { type: 'IntegerLiteral', value: '42' },
            },
          ],
        },
      },
    },
  ],
};

test('extern sets options that the script reads', async () => {
  assert.equal(await cell('import "array"\narray.from(rows: [{x: v.n}])', EXTERN), '42');
});

test('extern moves no place of an error', async () => {
  for (const [script, place] of [
    ['import "array"\nx = zz', [2, 5]],
    ['x = zz', [1, 5]],
    ['import "array" x = zz', [1, 20]],
  ] as const) {
    await assert.rejects(evaluate(script, { extern: EXTERN }), (error) => {
      assert.ok(error instanceof FluxError);
      assert.deepEqual([error.line, error.column], place);
      return true;
    });
  }
});

test('extern that is no tree is refused', async () => {
  await assert.rejects(
    evaluate('x = 1', { extern: { type: 'File', body: 'x' } }),
    (error) => error instanceof FluxError && /extern json parse error/.test(error.message),
  );
});

test('a script that is longer than the limit is refused', async () => {
  const host = {
    ...hostWithoutStorage,
    limits: { ...hostWithoutStorage.limits, scriptBytesMax: 10 },
  };
  const request = {
    script: 'x = 1 // and more',
    org: { id: '1', name: 'o' },
    nowNs: 0n,
    dialect: { header: true, delimiter: ',', annotations: [] },
    signal: new AbortController().signal,
  };
  await assert.rejects(
    async () => {
      for await (const piece of createEvaluator(host).run(request)) assert.fail(piece);
    },
    (error) => error instanceof FluxError && error.status === 413,
  );
});

test('a cancelled query ends', async () => {
  await assert.rejects(
    evaluate('import "array"\narray.from(rows: [{v: 1}])', { signal: AbortSignal.abort() }),
    (error) => error instanceof FluxError && error.code === 'unavailable',
  );
});

test('strings that double until memory ends are refused', async () => {
  const doubling = Array.from({ length: 60 }, (_, i) => `s${i + 1} = s${i} + s${i}`).join('\n');
  await assert.rejects(
    evaluate(`s0 = "0123456789"\n${doubling}`),
    (error) => error instanceof FluxError && /string is longer than/.test(error.message),
  );
});

test('a function that is handed to itself ends with an error', async () => {
  const evaluator = createEvaluator(hostWithoutStorage);
  assert.deepEqual(evaluator.analyze('f = (g) => g(g: g)\nx = f(g: f)'), []);
  await assert.rejects(evaluate('f = (g) => g(g: g)\nx = f(g: f)'), FluxError);
});

test('a slow regular expression is not slow', async () => {
  const script = `import "array"\nx = "${'a'.repeat(50_000)}!"\narray.from(rows: [{v: x =~ /^(a+)+$/}])`;
  assert.equal(await cell(script), 'false');
});

test('analyze lists syntax errors with their bytes and passes over names', () => {
  const { analyze } = createEvaluator(hostWithoutStorage);
  assert.deepEqual(analyze('é = zz'), []);
  assert.deepEqual(analyze('x = "é"\ny = 1 +'), [
    { line: 2, column: 8, character: 16, message: 'invalid token for primary expression: EOF' },
  ]);
  assert.equal(parse('é = zz').body.length, 1);
});

test('an error after the first piece is a table at the end of the answer', async () => {
  const script = `import "array"
many = array.map(arr: linearBins(start: 0.0, width: 1.0, count: 30000), fn: (x) => ({v: x}))
array.from(rows: many) |> yield(name: "a")
array.from(rows: [{v: 0}]) |> map(fn: (r) => ({v: 1 / r.v})) |> yield(name: "b")`;
  const csv = await evaluate(script);
  assert.match(csv, /\r\n,,0,29999\r\n/);
  assert.ok(
    csv.endsWith(',error,reference\r\n,runtime error @4:51: cannot divide by zero,\r\n'),
    csv.slice(-200),
  );
});

test('leaving an answer early stops it', async () => {
  const script = `import "array"
many = array.map(arr: linearBins(start: 0.0, width: 1.0, count: 30000), fn: (x) => ({v: x}))
array.from(rows: many)`;
  const request = {
    script,
    org: { id: '1', name: 'o' },
    nowNs: 0n,
    dialect: { header: true, delimiter: ',', annotations: [] },
    signal: new AbortController().signal,
  };
  let pieces = 0;
  for await (const _piece of createEvaluator(hostWithoutStorage).run(request)) {
    pieces += 1;
    break;
  }
  assert.equal(pieces, 1);
});
