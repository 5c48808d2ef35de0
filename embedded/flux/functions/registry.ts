import { FluxError } from '../error.ts';
import type { FluxFunction, MaybePromise, Value } from '../values/value.ts';
import type { CallContext } from './context.ts';
import type { Param, ParamSet } from './params.ts';

/**
 * How a built-in is declared:
 *
 *   builtin({
 *     package: 'universe', name: 'limit',
 *     params: { tables: pipe(), n: int(), offset: int(0n) },
 *     call: ({ tables, n, offset }, context) => ...,
 *   })
 *
 * Arguments arrive checked and typed; a wrong one is refused with function, parameter, expected,
 * got.
 */
export type Arguments<P extends ParamSet> = {
  readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never;
};

export interface BuiltinSpec<P extends ParamSet> {
  /** Import path (`influxdata/influxdb/schema`); `universe` needs no import. */
  readonly package: string;
  readonly name: string;
  readonly params: P;
  /** Another answer each time: never computed ahead for a whole table. */
  readonly volatile?: boolean;
  /** What of it is missing or different here, for docs/flux-support.md. */
  readonly note?: string;
  call(args: Arguments<P>, context: CallContext): MaybePromise<Value>;
}

export interface FunctionEntry {
  readonly kind: 'function';
  readonly package: string;
  readonly name: string;
  readonly params: ParamSet;
  readonly volatile: boolean;
  readonly note: string | undefined;
  bind(context: CallContext): BuiltinFunction;
}

/** A constant of a package, or an option's default. */
export interface ValueEntry {
  readonly kind: 'value';
  readonly package: string;
  readonly name: string;
  bind(context: CallContext): Value;
}

export type Entry = FunctionEntry | ValueEntry;

/** A built-in bound to one query. The entry tells planners which function it is. */
export class BuiltinFunction implements FluxFunction {
  readonly kind = 'function';
  readonly entry: FunctionEntry;
  readonly parameters: FluxFunction['parameters'];
  readonly pipeParameter: string | undefined;
  readonly call: FluxFunction['call'];

  constructor(entry: FunctionEntry, call: FluxFunction['call']) {
    this.entry = entry;
    this.call = call;
    const shape = shapeOf(entry.params);
    this.parameters = shape.parameters;
    this.pipeParameter = shape.pipe;
  }

  get name(): string {
    return this.entry.name;
  }
}

interface Shape {
  readonly parameters: FluxFunction['parameters'];
  readonly pipe: string | undefined;
}

const shapes = new WeakMap<ParamSet, Shape>();

function shapeOf(params: ParamSet): Shape {
  const known = shapes.get(params);
  if (known) return known;
  const list = Object.entries(params);
  const shape: Shape = {
    parameters: list.map(([name, param]) => ({ name, required: param.required })),
    pipe: list.find(([, param]) => param.pipe)?.[0],
  };
  shapes.set(params, shape);
  return shape;
}

export function builtin<const P extends ParamSet>(spec: BuiltinSpec<P>): FunctionEntry {
  const read = argumentReader(spec.name, spec.params);
  const entry: FunctionEntry = {
    kind: 'function',
    package: spec.package,
    name: spec.name,
    params: spec.params,
    volatile: spec.volatile ?? false,
    note: spec.note,
    bind: (context) =>
      new BuiltinFunction(entry, (args) => spec.call(read(args) as Arguments<P>, context)),
  };
  return entry;
}

export function constant(packagePath: string, name: string, value: Value): ValueEntry {
  return { kind: 'value', package: packagePath, name, bind: () => value };
}

/** Checks names first, then each value: the first thing that is wrong is reported. */
function argumentReader(name: string, params: ParamSet) {
  const list = Object.entries(params);
  return (args: ReadonlyMap<string, Value>): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    let found = 0;
    for (const [key, param] of list) {
      const value = args.get(key);
      if (value !== undefined) {
        found += 1;
        out[key] = param.read(value, { name, parameter: key });
      } else if (param.required) {
        throw new FluxError(`missing required argument ${key} in call of function "${name}"`);
      } else {
        out[key] = param.fallback;
      }
    }
    if (found < args.size) throw unexpected(name, params, args);
    return out;
  };
}

function unexpected(name: string, params: ParamSet, args: ReadonlyMap<string, Value>): FluxError {
  const strangers = [...args.keys()].filter((key) => !Object.hasOwn(params, key));
  const expected = Object.keys(params).join(', ');
  return new FluxError(
    `found unexpected argument ${strangers.join(', ')} in call of function "${name}" ` +
      `(Expected one of ${expected})`,
  );
}
