import type { Courier, LineVerdict } from './courier.ts';
import type { DeadLetter } from './dead-letters.ts';
import { droppedLines } from './dropped.ts';
import { keepLines, type Lines, lineAt, sliceLines } from './lines.ts';
import { quotedLines } from './verdict.ts';

export interface DeliveryOptions {
  readonly courier: Courier;
  /** How often an internal error is tried again before its lines are suspected. */
  readonly triesBeforeTrial: number;
  readonly onStored: (lines: number) => void;
  /** `points`: how many are dead, when it is not the number of letters. */
  readonly bury: (letters: readonly DeadLetter[], points?: number) => Promise<void>;
}

type Suspicion = Extract<LineVerdict, { readonly kind: 'suspect' }>;
type Partial = Extract<LineVerdict, { readonly kind: 'partial' }>;

/** A trial with this many suspects and nobody acquitted is the server's fault. */
const SUSPECTS_MAX = 32;
/** Requests to find out which points InfluxDB dropped, for one batch. */
const SEARCHES_MAX = 256;
/** InfluxDB's messages can be as long as the batch. */
const DETAIL_CHARS_MAX = 500;
/** Lines that may have been among the dropped, kept when the search had to end early. */
const UNDECIDED_MAX = 1_000;

/**
 * Brings one batch to its end: each line is stored or dead, one bad line never costs the others.
 * Everything may be sent several times; points that are the same are stored once.
 */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** False when the batch should be read again and retried: neither stored nor found guilty. */
  async deliver(lines: Lines): Promise<boolean> {
    const { courier, onStored } = this.#options;
    let left = lines;
    for (let attempt = 1; left.ends.length > 0; attempt++) {
      const verdict = await courier.send(left);
      switch (verdict.kind) {
        case 'stored':
          onStored(left.ends.length);
          return true;
        case 'partial':
          await this.#partial(left, verdict);
          return true;
        case 'split':
          return this.#split(left, verdict.message);
        case 'unparsable':
          left = await this.#withoutQuoted(left, verdict.message);
          break;
        case 'suspect':
          if (verdict.reason === 'rejected' || attempt >= this.#options.triesBeforeTrial) {
            return this.#trial(left, verdict, attempt);
          }
          await courier.pause(attempt, verdict);
      }
    }
    return true;
  }

  async #split(lines: Lines, message: string): Promise<boolean> {
    const [left, right] = halves(lines);
    if (right === undefined) {
      await this.#bury(lines, 'too-large', message);
      return true;
    }
    const first = await this.deliver(left);
    return (await this.deliver(right)) && first;
  }

  /** Buries the lines that InfluxDB quotes and gives the rest back; finds them when it does not. */
  async #withoutQuoted(lines: Lines, message: string): Promise<Lines> {
    const texts = new Set(lines.ends.map((_, i) => lineAt(lines, i)));
    const quoted = quotedLines(message, (line) => texts.has(line));
    if (quoted.size === 0) {
      await this.#search(lines, message);
      return sliceLines(lines, 0, 0);
    }
    const letters = [...quoted].map(([line, detail]) => ({ reason: 'unparsable', detail, line }));
    await this.#options.bury(letters);
    return keepLines(lines, (i) => !quoted.has(lineAt(lines, i)));
  }

  /** Some of them are bad and nobody says which: halve until those stand alone. */
  async #search(lines: Lines, message: string): Promise<void> {
    const [left, right] = halves(lines);
    if (right === undefined) return this.#bury(lines, 'unparsable', message);
    await this.deliver(left);
    await this.deliver(right);
  }

  /**
   * A refusal that may be the lines' or the server's fault. A 4xx is about the lines once the
   * server takes an empty batch; a 5xx only when it takes others of this batch, since a server
   * whose disk is full takes none of them.
   */
  async #trial(lines: Lines, verdict: Suspicion, attempt: number): Promise<boolean> {
    const { courier, onStored } = this.#options;
    const suspects: Lines[] = [];
    const fit = await courier.probe();
    const stored = fit ? await this.#acquit(lines, suspects, 0) : 0;
    const complete = stored > 0 || suspects.length < SUSPECTS_MAX;
    if (!fit || !complete || (stored === 0 && verdict.reason === 'internal-error')) {
      courier.block(verdict.reason, verdict.message);
      await courier.pause(attempt, verdict);
      return false;
    }
    for (const line of suspects) {
      const again = await courier.send(line);
      if (again.kind === 'stored') onStored(1);
      else await this.#bury(line, verdict.reason, again.message);
    }
    return true;
  }

  /** Stores what can be stored and collects the single lines that cannot; how many were stored. */
  async #acquit(lines: Lines, suspects: Lines[], before: number): Promise<number> {
    // Nobody acquitted so far: further halving would only ask a broken server for nothing.
    if (suspects.length >= SUSPECTS_MAX && before === 0) return 0;
    const verdict = await this.#options.courier.send(lines);
    if (verdict.kind === 'stored') {
      this.#options.onStored(lines.ends.length);
      return lines.ends.length;
    }
    if (verdict.kind !== 'suspect') return (await this.deliver(lines)) ? lines.ends.length : 0;
    const [left, right] = halves(lines);
    if (right === undefined) {
      suspects.push(lines);
      return 0;
    }
    const stored = await this.#acquit(left, suspects, before);
    return stored + (await this.#acquit(right, suspects, before + stored));
  }

  /** InfluxDB stored all but some: which ones, by its own words or by asking again in halves. */
  async #partial(lines: Lines, verdict: Partial): Promise<void> {
    const { length } = lines.ends;
    if (verdict.dropped === undefined && length > 1) return this.#search(lines, verdict.message);
    const dropped = Math.min(verdict.dropped ?? 1, length);
    this.#options.onStored(length - dropped);
    const named = droppedLines(lines, verdict.message);
    if (named.length === dropped) {
      return this.#options.bury(named.map((i) => letterOf(lines, i, verdict)));
    }
    await this.#searchDropped(lines, dropped, { verdict, left: SEARCHES_MAX });
  }

  async #searchDropped(
    lines: Lines,
    dropped: number,
    search: { readonly verdict: Partial; left: number },
  ): Promise<void> {
    if (dropped === 0) return;
    const [left, right] = halves(lines);
    if (dropped === lines.ends.length || right === undefined) {
      return this.#options.bury(lines.ends.map((_, i) => letterOf(lines, i, search.verdict)));
    }
    if (search.left <= 0) return this.#undecided(lines, dropped, search.verdict);
    search.left -= 1;
    const verdict = await this.#options.courier.send(left);
    const said = verdict.kind === 'partial' ? (verdict.dropped ?? left.ends.length) : 0;
    const inLeft = Math.min(said, dropped, left.ends.length);
    await this.#searchDropped(left, inLeft, search);
    await this.#searchDropped(right, Math.min(dropped - inLeft, right.ends.length), search);
  }

  /** Among these are the dropped ones; most of these lines were stored. */
  #undecided(lines: Lines, dropped: number, verdict: Partial): Promise<void> {
    const { length } = lines.ends;
    const reason = `${verdict.reason}-undecided`;
    const message = `${dropped} of ${length} lines: ${verdict.message}`;
    const letters = Array.from({ length: Math.min(length, UNDECIDED_MAX) }, (_, i) =>
      letterOf(lines, i, { reason, message }),
    );
    return this.#options.bury(letters, dropped);
  }

  #bury(lines: Lines, reason: string, message: string): Promise<void> {
    return this.#options.bury(lines.ends.map((_, i) => letterOf(lines, i, { reason, message })));
  }
}

function letterOf(
  lines: Lines,
  index: number,
  why: { readonly reason: string; readonly message: string },
): DeadLetter {
  return {
    reason: why.reason,
    detail: why.message.slice(0, DETAIL_CHARS_MAX),
    line: lineAt(lines, index),
  };
}

/** One line has no second half. */
function halves(lines: Lines): [Lines, Lines | undefined] {
  const { length } = lines.ends;
  if (length <= 1) return [lines, undefined];
  const middle = length >> 1;
  return [sliceLines(lines, 0, middle), sliceLines(lines, middle, length)];
}
