/**
 * The rows of one commit before DuckDB sees them: (sid, time, value) in columns that grow and are
 * reused, so that a cached series costs no object per point. 64-bit numbers are written as two
 * halves, because a bigint per value would cost more than the parsing.
 */
const FIRST_CAPACITY = 16_384;
/** Above this many rows the columns are given back after the commit. */
const KEPT_CAPACITY_MAX = 1 << 20;

export class RowBuffer {
  length = 0;
  sids = new Int32Array(0);
  times = new BigInt64Array(0);
  /** `times` as pairs: low half at 2i (unsigned), high half at 2i+1 (signed). */
  timeHalves = new Int32Array(0);
  /** double as is; bool as 0 or 1; string as an index into `strings`. */
  doubles = new Float64Array(0);
  longs = new BigInt64Array(0);
  ulongs = new BigUint64Array(0);
  /** `longs` and `ulongs` as pairs, low half first. */
  valueHalves = new Int32Array(0);
  readonly strings: string[] = [];

  constructor() {
    this.#allocate(FIRST_CAPACITY);
  }

  /** Makes room for `count` more rows. */
  reserve(count: number): void {
    const wanted = this.length + count;
    if (wanted <= this.sids.length) return;
    let capacity = this.sids.length;
    while (capacity < wanted) capacity *= 2;
    const { sids, times, doubles } = this;
    this.#allocate(capacity);
    this.sids.set(sids);
    this.times.set(times);
    // Bits are copied through an integer view: a float copy may change the payload of a NaN.
    this.longs.set(new BigInt64Array(doubles.buffer));
  }

  /** Forgets everything after the first `length` rows. */
  truncate(length: number, stringCount: number): void {
    this.length = length;
    this.strings.length = stringCount;
  }

  clear(): void {
    this.truncate(0, 0);
    if (this.sids.length > KEPT_CAPACITY_MAX) this.#allocate(FIRST_CAPACITY);
  }

  pushString(text: string): void {
    this.doubles[this.length] = this.strings.push(text) - 1;
  }

  #allocate(capacity: number): void {
    const times = new ArrayBuffer(capacity * 8);
    const values = new ArrayBuffer(capacity * 8);
    this.sids = new Int32Array(capacity);
    this.times = new BigInt64Array(times);
    this.timeHalves = new Int32Array(times);
    this.doubles = new Float64Array(values);
    this.longs = new BigInt64Array(values);
    this.ulongs = new BigUint64Array(values);
    this.valueHalves = new Int32Array(values);
  }
}
