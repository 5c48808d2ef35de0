import type { Expression } from '../../../../core/flux-ast.ts';
import { FluxError } from '../../error.ts';
import { conjuncts } from '../../plan/columns-read.ts';
import { ScriptFunction } from '../../syntax/function.ts';
import type { Method, Pairing } from '../../tables/equijoin.ts';
import { equijoin } from '../../tables/equijoin.ts';
import { paced } from '../../tables/pause.ts';
import { asStream, Derived, scopeOf } from '../../tables/stream.ts';
import { collect } from '../../tables/transform.ts';
import type { FluxFunction, Table, TableStream } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { func, pipe, stream, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { hull } from '../universe/union.ts';

const METHODS: ReadonlySet<string> = new Set<Method>(['inner', 'left', 'right', 'full']);

interface JoinArguments {
  readonly left: TableStream;
  readonly right: TableStream;
  readonly on: readonly Pairing[];
  readonly as: FluxFunction;
  readonly method: Method;
}

function joinStreams(args: JoinArguments, context: CallContext): TableStream {
  const left = asStream(args.left, context).use();
  const right = asStream(args.right, context).use();
  const scope = scopeOf(context);
  return new Derived(scope, { bounds: hull([left, right]), sorted: true }, (signal) =>
    run({ ...args, left, right }, signal),
  );

  async function* run(
    sides: { left: typeof left; right: typeof right } & Omit<JoinArguments, 'left' | 'right'>,
    signal: AbortSignal,
  ): AsyncGenerator<Table> {
    const { budget } = sides.left.scope;
    const holding = budget.hold();
    const leftTables = await collect(sides.left, signal);
    try {
      const rightTables = await collect(sides.right, signal);
      try {
        const tables = equijoin(leftTables.tables, rightTables.tables, { ...sides, holding });
        yield* paced(tables, signal);
      } finally {
        rightTables.free();
      }
    } finally {
      leftTables.free();
      holding.free();
    }
  }
}

/** `(l, r) => l.a == r.b and ...` as pairs of labels. */
function pairings(on: FluxFunction): Pairing[] {
  const body = on instanceof ScriptFunction ? on.expression : undefined;
  if (body === undefined) throw notEqualities();
  return conjuncts(body).map(pairing);
}

function pairing(node: Expression): Pairing {
  if (node.type !== 'BinaryExpression' || node.operator !== '==') throw notEqualities();
  const sides = [member(node.left), member(node.right)];
  const left = sides.find((side) => side.name === 'l');
  const right = sides.find((side) => side.name === 'r');
  if (left === undefined || right === undefined) throw notEqualities();
  return { left: left.label, right: right.label };
}

function member(node: Expression): { name: string; label: string } {
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') throw notEqualities();
  return { name: node.object.name, label: node.property };
}

function notEqualities(): FluxError {
  return new FluxError(
    'error in join function - some expressions are not yet supported in the `on` parameter: ' +
      'it must be an equality of one column of l with one of r, or several joined by "and"',
  );
}

function methodOf(method: string): Method {
  if (METHODS.has(method)) return method as Method;
  throw new FluxError(`join method must be one of inner, left, right, full, was "${method}"`);
}

const tables = builtin({
  package: 'join',
  name: 'tables',
  params: { left: pipe(), right: stream(), on: func(), as: func(), method: string() },
  call: ({ left, right, on, as, method }, context) =>
    joinStreams({ left, right, on: pairings(on), as, method: methodOf(method) }, context),
});

const time = builtin({
  package: 'join',
  name: 'time',
  params: { left: pipe(), right: stream(), as: func(), method: string('inner') },
  call({ left, right, as, method }, context) {
    const on = [{ left: '_time', right: '_time' }];
    return joinStreams({ left, right, on, as, method: methodOf(method) }, context);
  },
});

function methodBuiltin(method: Method) {
  return builtin({
    package: 'join',
    name: method,
    params: { left: pipe(), right: stream(), on: func(), as: func() },
    call: ({ left, right, on, as }, context) =>
      joinStreams({ left, right, on: pairings(on), as, method }, context),
  });
}

export const joins = [
  tables,
  time,
  methodBuiltin('inner'),
  methodBuiltin('left'),
  methodBuiltin('right'),
  methodBuiltin('full'),
];
