import type { Span } from '../../../core/flux-ast.ts';
import { FluxError, formatSpan } from '../error.ts';
import { isRecord, typeName } from '../values/types.ts';
import type { Value } from '../values/value.ts';

/** An imported package: a record of its functions and constants that names what it lacks. */
export class Package extends Map<string, Value> {
  readonly path: string;

  constructor(path: string, members: Iterable<readonly [string, Value]>) {
    super(members);
    this.path = path;
  }
}

/** `value.property`; a property that a record does not have is null, as for a missing column. */
export function memberOf(value: Value, property: string, at: Span): Value {
  if (value instanceof Package) return packageMember(value, property, at);
  if (value !== null && isRecord(value)) return value.get(property) ?? null;
  throw new FluxError(
    value === null
      ? 'cannot access property of a null value; expected record'
      : `cannot access property of a value with type ${typeName(value)}; expected record`,
  );
}

function packageMember(from: Package, property: string, at: Span): Value {
  const member = from.get(property);
  if (member !== undefined) return member;
  const name = `function ${property} of package ${from.path}`;
  const message = `error @${formatSpan(at)}: ${name} is not supported by the embedded engine`;
  throw new FluxError(message, 'invalid', at.start);
}
