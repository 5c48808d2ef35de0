import { TidemarkError } from '../../core/errors.ts';
import { othersTurn } from '../../core/pause.ts';
import type { PointTarget } from '../storage/target.ts';
import { FastLines } from './fast.ts';
import { NS_PER_UNIT, type ParseOptions, type Precision, parseLine } from './parse.ts';
import { BACKSLASH, HASH, LineError, lineEnd, NEWLINE, skipSpace } from './scan.ts';
import { decode } from './unescape.ts';

export interface ReadOptions {
  readonly precision: Precision;
  /** The time of lines that have none. */
  readonly nowNs: bigint;
}

/** A body of 100 MB must not hold the event loop for a second: give way after this much. */
const SLICE_BYTES = 4 << 20;
/** What a line of the slow way costs beside its bytes, in bytes of the fast way. */
const SLOW_LINE_BYTES = 1 << 10;

/**
 * Reads a body of line protocol into the target. One line that cannot be parsed refuses the whole
 * body (`invalid`, with every such line quoted), as InfluxDB does.
 */
export async function readLines(
  body: Uint8Array,
  options: ReadOptions,
  target: PointTarget,
): Promise<void> {
  const unit = NS_PER_UNIT[options.precision];
  const parse: ParseOptions = {
    precision: options.precision,
    defaultNs: options.nowNs - (options.nowNs % unit),
  };
  const fast = new FastLines(body, parse, target);
  const failed = new Failures();
  let pause = SLICE_BYTES;
  for (let at = 0; at < body.length; ) {
    at = fast.read(at, pause);
    if (at >= pause) {
      pause = at + SLICE_BYTES;
      await othersTurn();
    } else {
      at = readLine({ body, start: at, parse, target, failed });
      pause -= SLOW_LINE_BYTES;
      // A few kilobytes of gzip hold millions of empty lines.
      while (body[at] === NEWLINE) at++;
    }
    if (failed.full) break;
  }
  failed.throwIfAny();
}

/** Quoted lines of one answer; InfluxDB quotes all, which doubles a hostile body. */
const QUOTED_BYTES_MAX = 1 << 20;

/** The lines that cannot be parsed. */
class Failures {
  readonly #messages: string[] = [];
  #bytes = 0;

  add(line: Uint8Array, reason: string): void {
    const fits = this.#bytes + line.length <= QUOTED_BYTES_MAX;
    if (fits) this.#messages.push(`unable to parse '${decode(line, 0, line.length)}': ${reason}`);
    else if (this.#messages.length === 0) {
      this.#messages.push(`unable to parse a line of ${line.length} bytes: ${reason}`);
    }
    this.#bytes += line.length;
  }

  /** Nothing of the body will be kept, and what is wrong with it was said at length. */
  get full(): boolean {
    return this.#bytes > QUOTED_BYTES_MAX;
  }

  throwIfAny(): void {
    if (this.#messages.length === 0) return;
    if (this.full) this.#messages.push('the lines after these were not read');
    throw new TidemarkError('invalid', this.#messages.join('\n'));
  }
}

interface OneLine {
  readonly body: Uint8Array;
  readonly start: number;
  readonly parse: ParseOptions;
  readonly target: PointTarget;
  readonly failed: Failures;
}

/** The slow way; returns where the next line starts. */
function readLine({ body, start, parse, target, failed }: OneLine): number {
  const end = lineEnd(body, start);
  const block = body.subarray(start, end);
  const line = block.subarray(skipSpace(block, 0));
  if (line.length === 0 || line[0] === HASH) return end + 1;
  try {
    const { point, keyEnd } = parseLine(line, parse);
    const group = target.add(point);
    const key = line.subarray(0, keyEnd);
    if (group && !key.includes(BACKSLASH)) target.remember(key, group);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    failed.add(line, error.message);
  }
  return end + 1;
}
