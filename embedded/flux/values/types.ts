import type {
  ColumnType,
  FluxFunction,
  FluxRecord,
  MaybePromise,
  TableStream,
  Value,
} from './value.ts';
import { Dict, Duration, Regexp, Time, UInt } from './value.ts';

export function isRecord(value: Value): value is FluxRecord {
  return value instanceof Map;
}

export function isFunction(value: Value): value is FluxFunction {
  return typeof value === 'object' && value !== null && 'kind' in value
    ? value.kind === 'function'
    : false;
}

export function isStream(value: Value): value is TableStream {
  return typeof value === 'object' && value !== null && 'kind' in value
    ? value.kind === 'stream'
    : false;
}

/** The type's name as Flux prints it. */
export function typeName(value: Value): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'number':
      return 'float';
    case 'bigint':
      return 'int';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<Value, null | boolean | string | number | bigint>): string {
  if (value instanceof Time) return 'time';
  if (value instanceof Duration) return 'duration';
  if (value instanceof UInt) return 'uint';
  if (value instanceof Regexp) return 'regexp';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Dict) return 'dict';
  if (Array.isArray(value)) return 'array';
  return isRecord(value) ? 'record' : isStream(value) ? 'stream' : 'function';
}

/** The type in full, as Flux prints it: `[int]`, `{a: int}`. */
export function typeText(value: Value): string {
  if (Array.isArray(value)) return `[${value.length > 0 ? typeText(value[0]) : 'A'}]`;
  if (value === null || !isRecord(value)) return typeName(value);
  const members = [...value].map(([label, member]) => `${label}: ${typeText(member)}`);
  return `{${members.sort().join(', ')}}`;
}

/** The column type that holds a value, or undefined where a table cannot hold it. */
export function columnTypeOf(value: Value): ColumnType | undefined {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'string';
    case 'number':
      return 'double';
    case 'bigint':
      return 'long';
    default:
      if (value instanceof Time) return 'dateTime:RFC3339';
      return value instanceof UInt ? 'unsignedLong' : undefined;
  }
}

/** Goes on at once when the value is there, else when the promise resolves. */
export function then<A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>) {
  return value instanceof Promise ? value.then(next) : next(value);
}
