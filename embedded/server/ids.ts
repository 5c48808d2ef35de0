import { isId } from '../resources/ids.ts';
import { InfluxError } from './errors.ts';

/** An id out of a path or body, or InfluxDB's refusal of it. */
export function readId(text: string, prefix = ''): string {
  if (text.length !== 16) {
    throw new InfluxError('invalid', `${prefix}id must have a length of 16 bytes`);
  }
  if (!isId(text)) throw new InfluxError('invalid', `${prefix}invalid ID`);
  return text;
}
