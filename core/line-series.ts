import { type Chunk, chunkOf } from './byte-text.ts';
import { keyProblem, type Refusal, seriesOf } from './line-names.ts';
import type { Point } from './point.ts';

/** `measurement,tags` as it stands at the start of a line, or why it cannot stand there. */
export interface SeriesKey extends Chunk {
  readonly measurement: string;
  readonly refusal: Refusal | undefined;
}

/** Checked, escaped and sorted once; whoever writes the same series each minute keeps it. */
export function seriesKey(measurement: string, tags: Point['tags']): SeriesKey {
  const series = seriesOf(measurement, tags);
  const [text, refusal] = typeof series === 'string' ? [series, undefined] : ['', series];
  const { words, from, to, size } = chunkOf(text);
  return { words, from, to, size, measurement, refusal };
}

/** A field's key as it stands first or later in a line, or why it cannot stand there. */
export interface FieldKey {
  readonly name: string;
  readonly first: Chunk;
  readonly next: Chunk;
  readonly refusal: Refusal | undefined;
}

export function fieldKey(name: string): FieldKey {
  const refusal = keyProblem(name, 'field');
  const text = refusal === undefined ? `${name.replace(/[,= ]/g, '\\$&')}=` : '';
  return { name, first: chunkOf(` ${text}`), next: chunkOf(`,${text}`), refusal };
}

interface Series {
  readonly key: SeriesKey;
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The series that came next, last time. */
  following: Series | undefined;
}

/** Tag by tag in the order of the point: no joined key has to be built and hashed. */
interface SeriesNode {
  next: Map<string, Map<string, SeriesNode>> | undefined;
  series: Series | undefined;
}

/** The keys of series that were asked for, since the same ones come again each minute. */
export class SeriesMemory {
  readonly #max: number;
  #measurements = new Map<string, SeriesNode>();
  #size = 0;
  #last: Series | undefined;

  /** `max`: how many are remembered before it starts anew (about 400 bytes each). */
  constructor(max: number) {
    this.#max = max;
  }

  keyOf(measurement: string, tags: Point['tags']): SeriesKey {
    // Points bring the series in the same order each time: the one that came after the last one
    // then is most likely the one that comes now.
    let series = this.#last?.following;
    if (series === undefined || !isOf(series, measurement, tags)) {
      series = this.#find(measurement, tags);
      if (this.#last !== undefined) this.#last.following = series;
    }
    this.#last = series;
    return series.key;
  }

  #find(measurement: string, tags: Point['tags']): Series {
    let node = this.#measurements.get(measurement);
    if (node === undefined) {
      node = { next: undefined, series: undefined };
      this.#measurements.set(measurement, node);
    }
    for (const name in tags) node = nextNode(node, name, tags[name] as string);
    if (node.series !== undefined) return node.series;
    const [names, values] = [Object.keys(tags), Object.values(tags)];
    node.series = { key: seriesKey(measurement, tags), names, values, following: undefined };
    this.#size += 1;
    if (this.#size > this.#max) this.#forget();
    return node.series;
  }

  #forget(): void {
    this.#measurements = new Map();
    this.#last = undefined;
    this.#size = 0;
  }
}

function isOf({ key, names, values }: Series, measurement: string, tags: Point['tags']): boolean {
  if (key.measurement !== measurement) return false;
  let i = 0;
  for (const name in tags) {
    if (names[i] !== name || values[i] !== tags[name]) return false;
    i += 1;
  }
  return i === names.length;
}

function nextNode(node: SeriesNode, name: string, value: string): SeriesNode {
  node.next ??= new Map();
  let values = node.next.get(name);
  if (values === undefined) {
    values = new Map();
    node.next.set(name, values);
  }
  let next = values.get(value);
  if (next === undefined) {
    next = { next: undefined, series: undefined };
    values.set(value, next);
  }
  return next;
}

const FIELDS_MAX = 10_000;
const FIELDS_HINTED = 64;

/** The keys of fields that were asked for. */
export class FieldMemory {
  #keys = new Map<string, FieldKey>();
  /** The fields of the last point: the next one mostly has the same, in the same order. */
  readonly #last: FieldKey[] = [];

  /** `place`: how many fields of its point come before it. */
  keyOf(name: string, place: number): FieldKey {
    const last = this.#last[place];
    if (last !== undefined && last.name === name) return last;
    const key = this.#keys.get(name) ?? this.#remember(name);
    // Places are filled in order, so the array keeps without holes.
    if (place < FIELDS_HINTED) this.#last[place] = key;
    return key;
  }

  #remember(name: string): FieldKey {
    // Field names are few; hostile ones must not fill the memory.
    if (this.#keys.size >= FIELDS_MAX) this.#keys.clear();
    const key = fieldKey(name);
    this.#keys.set(name, key);
    return key;
  }
}
