import { FluxError } from '../../error.ts';
import { compareStrings } from '../../values/compare.ts';
import { display, formatDuration, formatFloat, formatTime } from '../../values/print.ts';
import { isRecord, isStream, typeName } from '../../values/types.ts';
import type { FluxRecord, Value } from '../../values/value.ts';
import { Dict, Duration, Regexp, Time, UInt } from '../../values/value.ts';
import { any } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin } from '../registry.ts';

/** As Go's encoding/json: keys sorted, `<`, `>` and `&` escaped, floats short. */
function encode(value: Value): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return encodeText(value);
    case 'number':
      return encodeFloat(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return encodeObject(value);
  }
}

function encodeText(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function encodeFloat(value: number): string {
  if (!Number.isFinite(value)) {
    throw new FluxError(`json: unsupported value: ${formatFloat(value)}`);
  }
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-6 && size < 1e21)) return formatFloat(value);
  return value.toExponential();
}

function encodeObject(value: Exclude<Value, null | string | number | bigint | boolean>): string {
  if (value instanceof UInt) return String(value.value);
  if (value instanceof Time) return `"${formatTime(value.ns)}"`;
  if (value instanceof Duration) return `"${formatDuration(value)}"`;
  if (value instanceof Regexp) return encodeText(value.source);
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  if (value instanceof Dict) {
    const entries = [...value.entries].map(([key, item]) => [display(key), item] as const);
    return encodeMembers(new Map(entries));
  }
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`;
  if (isRecord(value)) return encodeMembers(value);
  if (isStream(value)) {
    throw new FluxError(
      'got table stream instead of array. ' +
        'Try using tableFind() or findRecord() to extract data from stream',
    );
  }
  throw new FluxError(`cannot encode a ${typeName(value)} value`);
}

function encodeMembers(members: FluxRecord): string {
  const sorted = [...members].sort(([a], [b]) => compareStrings(a, b));
  return `{${sorted.map(([key, item]) => `${encodeText(key)}:${encode(item)}`).join(',')}}`;
}

export const json: readonly Entry[] = [
  builtin({
    package: 'json',
    name: 'encode',
    params: { v: any() },
    call: ({ v }) => new TextEncoder().encode(encode(v)),
  }),
];
