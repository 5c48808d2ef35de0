import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '../../core/errors.ts';
import type { Expression, FluxFile } from '../../core/flux-ast.ts';
import { diagnose, parse, printTree, syntaxErrors } from '../../core/flux-syntax.ts';

function expressionOf(text: string): Expression {
  const [statement] = parse(`x = ${text}`).body;
  assert.equal(statement?.type, 'VariableAssignment');
  return statement.type === 'VariableAssignment' ? statement.init : assert.fail();
}

/** The tree without places, for comparing. */
function bare(node: unknown): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value) => {
      if (key === 'at') return undefined;
      return typeof value === 'bigint' ? `${value}n` : value;
    }),
  );
}

const LITERALS: readonly (readonly [string, object])[] = [
  ['12', { type: 'IntegerLiteral', value: '12n' }],
  ['9223372036854775807', { type: 'IntegerLiteral', value: '9223372036854775807n' }],
  ['1.5', { type: 'FloatLiteral', value: 1.5 }],
  ['"a\\n\\"b"', { type: 'StringLiteral', value: 'a\n"b' }],
  ['1y2mo', { type: 'DurationLiteral', months: 14, ns: '0n' }],
  ['1w2d3h4m5s6ms7us8ns', { type: 'DurationLiteral', months: 0, ns: '788645006007008n' }],
  ['2020-01-01T00:00:00.000000001Z', { type: 'TimeLiteral', ns: '1577836800000000001n' }],
  ['2020-01-01T02:00:00+02:00', { type: 'TimeLiteral', ns: '1577836800000000000n' }],
  ['2020-01-01', { type: 'TimeLiteral', ns: '1577836800000000000n' }],
  ['1969-12-31T23:59:59.5Z', { type: 'TimeLiteral', ns: '-500000000n' }],
  ['/a\\/b.*/', { type: 'RegexpLiteral', source: 'a/b.*' }],
];

test('literals become values', () => {
  for (const [text, wanted] of LITERALS) {
    const node = bare(expressionOf(text)) as { source?: string };
    assert.deepEqual(node, wanted, text);
  }
});

test('shorthand properties, pipe parameters and single returns are spelled out', () => {
  const fn = bare(expressionOf('(t=<-, a, b=1) => { return {a, "b c": b} }'));
  assert.deepEqual(fn, {
    type: 'FunctionExpression',
    parameters: [
      { name: 't', pipe: true },
      { name: 'a', pipe: false },
      { name: 'b', fallback: { type: 'IntegerLiteral', value: '1n' }, pipe: false },
    ],
    body: {
      type: 'RecordExpression',
      properties: [
        { name: 'a', value: { type: 'Identifier', name: 'a' } },
        { name: 'b c', value: { type: 'Identifier', name: 'b' } },
      ],
    },
  });
});

test('imports and options are told apart', () => {
  const file: FluxFile = parse('import s "x/y"\noption task = {name: "a"}\noption p.q = 1');
  assert.deepEqual(bare(file.imports), [{ path: 'x/y', alias: 's' }]);
  const targets = file.body.map((node) =>
    node.type === 'OptionStatement' ? [node.member, node.name] : [],
  );
  assert.deepEqual(targets, [
    [undefined, 'task'],
    ['p', 'q'],
  ]);
});

test('a syntax error names its place', () => {
  assert.throws(
    () => parse('x = 1\nf(x'),
    (error) =>
      isCode(error, 'invalid') && error.message === 'error @2:1-2:4: expected RPAREN, got EOF',
  );
  assert.deepEqual(
    syntaxErrors('x = 1 +').map(({ start, message }) => [start.line, start.column, message]),
    [[1, 8, 'invalid token for primary expression: EOF']],
  );
});

const MISTAKES: readonly (readonly [string, string])[] = [
  ['from(bucket: "a") |> rang(start: -1h)', '1:22 undefined identifier rang'],
  ['x = 1 + "a"', '1:9 expected int but found string'],
  [
    'from(bucket: "a") |> range(start: -1h, stpo: now())',
    '1:46 found unexpected argument stpo (Expected `stop`)',
  ],
  ['from(bucket: "a") |> aggregateWindow(every: 1m)', '1:22 missing required argument fn'],
  ['import "nope"\nx = 1', '1:1 invalid import path nope'],
  ['x = "é" + zz', '1:12 undefined identifier zz'],
];

test('a name, an argument or a type that does not fit is told with its place', async () => {
  for (const [script, wanted] of MISTAKES) {
    const [first] = await diagnose(script);
    assert.equal(`${first?.start.line}:${first?.start.column} ${first?.message}`, wanted);
  }
});

test('scripts are checked apart: names of one are unknown in the next', async () => {
  assert.deepEqual(await diagnose('option now = () => 2020-01-01T00:00:00Z\na = 1'), []);
  assert.deepEqual(await diagnose('option now = () => 2020-01-01T00:00:00Z\nb = 1'), []);
  assert.equal((await diagnose('b = a')).length, 1);
});

test('many scripts at once are told apart', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => diagnose(`x = name${index}`)),
  );
  answers.forEach(([problem], index) => {
    assert.equal(problem?.message, `undefined identifier name${index}`);
  });
});

test('a sound script is remembered apart from its values, a changed type is not', async () => {
  assert.deepEqual(await diagnose('x = 1 + 2'), []);
  assert.deepEqual(await diagnose('x = 3 + 4'), []);
  assert.equal((await diagnose('x = 3 + 4.5')).length, 1);
});

const HOSTILE: readonly (readonly [string, string])[] = [
  ['deep brackets', `x = ${'('.repeat(50_000)}1${')'.repeat(50_000)}`],
  ['deep arrays', `x = ${'['.repeat(50_000)}1${']'.repeat(50_000)}`],
  ['a long chain', `x = ${'1+'.repeat(100_000)}1`],
  ['many signs', `x = ${'- '.repeat(50_000)}1`],
  ['many nots', `x = ${'not '.repeat(50_000)}true`],
  ['many ifs', `x = ${'if true then 1 else '.repeat(5_000)}1`],
  ['some ifs', `x = ${'if true then 1 else '.repeat(300)}1`],
  ['many functions', `x = ${'() => '.repeat(20_000)}1`],
  ['a parameter that is no parameter', 'f = (tables=<-, by==2) => tables |> map|>(fn: (r) => 1)'],
  ['an attribute cut short', '@om(])'],
  ['too much text', `// ${'x'.repeat(300_000)}`],
];

for (const [title, script] of HOSTILE) {
  test(`hostile: ${title} is refused, and the next script works`, async () => {
    await assert.rejects(
      async () => {
        const [problem] = await diagnose(script);
        if (problem) throw new Error(problem.message);
      },
      (error) => error instanceof Error && !(error instanceof RangeError),
    );
    assert.deepEqual(await diagnose('y = 1'), []);
    assert.equal(parse('y = 1').body.length, 1);
  });
}

test('a script that never ends does not harm the others', async () => {
  const bad = diagnose('@om(x])');
  const others = Array.from({ length: 10 }, (_, index) => diagnose(`z = q${index}`));
  await assert.rejects(bad, (error) => isCode(error, 'invalid'));
  const answers = await Promise.all(others);
  answers.forEach(([problem], index) => {
    assert.equal(problem?.message, `undefined identifier q${index}`);
  });
});

test('a tree that a client sends as JSON becomes text again', () => {
  const tree = {
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
                key: { type: 'Identifier', name: 'bucket' },
                value: { type: 'StringLiteral', value: 'b' },
              },
            ],
          },
        },
      },
    ],
  };
  assert.equal(printTree(tree).trim(), 'option v = {bucket: "b"}');
  assert.throws(
    () => printTree({ type: 'File', body: 5 }),
    (error) => isCode(error, 'invalid'),
  );
});
