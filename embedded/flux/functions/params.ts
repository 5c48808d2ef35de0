import { FluxError } from '../error.ts';
import { NS_PER_SECOND } from '../values/calendar.ts';
import { isFunction, isRecord, isStream, typeName } from '../values/types.ts';
import type {
  Dict,
  Duration,
  FluxArray,
  FluxFunction,
  FluxRecord,
  Regexp,
  TableStream,
  Value,
} from '../values/value.ts';
import {
  Dict as DictValue,
  Duration as DurationValue,
  Regexp as RegexpValue,
  Time,
  UInt,
} from '../values/value.ts';

/** Where an argument stands, for messages. */
export interface ArgumentSite {
  readonly name: string;
  readonly parameter: string;
}

export interface Param<T> {
  /** As Flux writes the type; shown in messages and in docs/flux-support.md. */
  readonly kind: string;
  readonly required: boolean;
  readonly pipe: boolean;
  /** What an absent argument is; undefined when it is required or merely optional. */
  readonly fallback: T | undefined;
  read(value: Value, site: ArgumentSite): T;
}

export type ParamSet = Readonly<Record<string, Param<unknown>>>;

type Check<T> = (value: Value) => value is Value & T;

export function wrongType(site: ArgumentSite, expected: string, got: Value): FluxError {
  return new FluxError(
    `expected ${expected} but found ${typeName(got)} ` +
      `(argument ${site.parameter} of function "${site.name}")`,
  );
}

function param<T>(kind: string, is: Check<T>, fallback?: T): Param<T> {
  return {
    kind,
    required: fallback === undefined,
    pipe: false,
    fallback,
    read(value, site) {
      if (is(value)) return value;
      throw wrongType(site, kind, value);
    },
  };
}

const isInt: Check<bigint> = (value) => typeof value === 'bigint';
const isUInt: Check<UInt> = (value) => value instanceof UInt;
const isFloat: Check<number> = (value) => typeof value === 'number';
const isString: Check<string> = (value) => typeof value === 'string';
const isBool: Check<boolean> = (value) => typeof value === 'boolean';
const isTime: Check<Time> = (value) => value instanceof Time;
const isDuration: Check<Duration> = (value) => value instanceof DurationValue;
const isRegexp: Check<Regexp> = (value) => value instanceof RegexpValue;
const isBytes: Check<Uint8Array> = (value) => value instanceof Uint8Array;
const isDict: Check<Dict> = (value) => value instanceof DictValue;
const isArray: Check<FluxArray> = (value): value is FluxArray => Array.isArray(value);
const isTimeable: Check<Time | Duration> = (value) =>
  value instanceof Time || value instanceof DurationValue;

/** Every one takes the value of an absent argument; without it the argument is required. */
export const int = (fallback?: bigint) => param('int', isInt, fallback);
export const uint = (fallback?: UInt) => param('uint', isUInt, fallback);
export const float = (fallback?: number) => param('float', isFloat, fallback);
export const string = (fallback?: string) => param('string', isString, fallback);
export const bool = (fallback?: boolean) => param('bool', isBool, fallback);
export const time = (fallback?: Time) => param('time', isTime, fallback);
export const duration = (fallback?: Duration) => param('duration', isDuration, fallback);
export const regexp = (fallback?: Regexp) => param('regexp', isRegexp, fallback);
export const bytes = (fallback?: Uint8Array) => param('bytes', isBytes, fallback);
export const dict = (fallback?: Dict) => param('dict', isDict, fallback);
export const record = (fallback?: FluxRecord) => param('record', isRecord, fallback);
export const func = (fallback?: FluxFunction) => param('function', isFunction, fallback);
export const stream = (fallback?: TableStream) => param('stream', isStream, fallback);
/**
 * A time (an int is one too: seconds since the epoch), or a duration that the function relates to
 * now.
 */
export function timeable(fallback?: Time | Duration): Param<Time | Duration> {
  const inner = param('time or duration', isTimeable, fallback);
  return {
    ...inner,
    read: (value, site) =>
      typeof value === 'bigint' ? new Time(value * NS_PER_SECOND) : inner.read(value, site),
  };
}

/** Any value, null included. */
export function any(fallback?: Value): Param<Value> {
  return {
    kind: 'any',
    required: fallback === undefined,
    pipe: false,
    fallback,
    read: (value) => value,
  };
}

/** An array whose elements all pass `element`; messages name the index. */
export function array<T>(element: Param<T>, fallback?: readonly T[]): Param<readonly T[]> {
  const kind = `[${element.kind}]`;
  return {
    kind,
    required: fallback === undefined,
    pipe: false,
    fallback,
    read(value, site) {
      if (!isArray(value)) throw wrongType(site, kind, value);
      return value.map((item, index) =>
        element.read(item, { name: site.name, parameter: `${site.parameter}[${index}]` }),
      );
    },
  };
}

/** Absent is fine, and then undefined. */
export function optional<T>(inner: Param<T>): Param<T | undefined> {
  return { ...inner, required: false, fallback: undefined };
}

/** Null passes as null. */
export function nullable<T>(inner: Param<T>): Param<T | null> {
  return {
    ...inner,
    read: (value, site) => (value === null ? null : inner.read(value, site)),
  };
}

/** The parameter that `|>` feeds; a stream of tables unless told otherwise. */
export function pipe(): Param<TableStream>;
export function pipe<T>(inner: Param<T>): Param<T>;
export function pipe<T>(inner?: Param<T>): Param<T> | Param<TableStream> {
  return inner ? { ...inner, pipe: true } : { ...stream(), pipe: true };
}
