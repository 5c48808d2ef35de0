import type { PointType } from './contract.ts';

/** A point type as a small number: the index into every per-type array of storage. */
export const POINT_TYPES = ['double', 'long', 'ulong', 'string', 'bool'] as const;

export const DOUBLE = 0;
export const LONG = 1;
export const ULONG = 2;
export const STRING = 3;
export const BOOL = 4;

const CODES: Readonly<Record<PointType, number>> = {
  double: 0,
  long: 1,
  ulong: 2,
  string: 3,
  bool: 4,
};

export function codeOf(type: PointType): number {
  return CODES[type];
}

export function typeOfCode(code: number): PointType {
  const type = POINT_TYPES[code];
  if (type === undefined) throw new RangeError(`no point type has code ${code}`);
  return type;
}

/** The type's name in InfluxDB's messages. */
export const INFLUX_TYPE_NAMES: Readonly<Record<PointType, string>> = {
  double: 'float',
  long: 'integer',
  ulong: 'unsigned',
  string: 'string',
  bool: 'boolean',
};

/** UTF-8 bytes of a string field, as in InfluxDB. */
export const STRING_BYTES_MAX = 1_048_576;
