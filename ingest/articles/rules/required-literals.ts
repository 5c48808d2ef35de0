/**
 * Texts that a pattern cannot match without: of each set at least one has to be there, in any case.
 * ASCII alone, lower case. None known: an empty list. Errs on the side of knowing less.
 */
export function requiredLiterals(source: string): readonly (readonly string[])[] {
  const reader = new Reader(source);
  const known = reader.alternatives();
  if (!reader.atEnd) return [];
  const sets = known.exact === undefined ? known.sets : [[known.exact]];
  return sets
    .filter((set) => shortest(set) >= LENGTH_MIN)
    .sort((a, b) => shortest(b) - shortest(a))
    .slice(0, SETS_MAX)
    .map((set) => set.map((literal) => literal.slice(0, LENGTH_MAX)));
}

/** Shorter ones stand in every text. */
const LENGTH_MIN = 3;
/** The beginning of a longer one is as good. */
const LENGTH_MAX = 16;
const SETS_MAX = 4;
const ALTERNATIVES_MAX = 32;

const TOKEN = new RegExp(
  [
    String.raw`\\Q[\s\S]*?(?:\\E|$)`, // quoted text
    String.raw`\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[^}]*\}|..)|[0-7]{1,3}|[\s\S])`, // an escape
    String.raw`\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]`, // a class
    String.raw`\(\?[a-zA-Z-]*\)`, // flags from here on
    String.raw`\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:))?`, // a group
    String.raw`(?:\{\d+(?:,\d*)?\}|[*+?])\??`, // how often
    String.raw`[\s\S]`,
  ].join('|'),
  'uy',
);
const REPEAT = /^(?:\{(\d+)(?:,\d*)?\}|[*+?])\??$/;

interface Known {
  /** All that it matches, in lower case. */
  readonly exact: string | undefined;
  readonly sets: readonly (readonly string[])[];
}

const NOTHING: Known = { exact: undefined, sets: [] };

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = source.match(new RegExp(TOKEN.source, 'ug')) ?? [];
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  alternatives(): Known {
    const branches = [this.#sequence()];
    while (this.#tokens[this.#at] === '|') {
      this.#at += 1;
      branches.push(this.#sequence());
    }
    if (branches.length === 1) return branches[0]!;
    const union = branches.map(bestOf);
    const set = union.flatMap((each) => each ?? []);
    const known = union.every((each) => each !== undefined) && set.length <= ALTERNATIVES_MAX;
    return known ? { exact: undefined, sets: [set] } : NOTHING;
  }

  #sequence(): Known {
    const sets: (readonly string[])[] = [];
    let run = '';
    let whole = true;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token === '|' || token === ')') break;
      const part = this.#repeated();
      if (part.exact !== undefined) {
        run += part.exact;
        continue;
      }
      whole = false;
      if (run !== '') sets.push([run]);
      run = '';
      sets.push(...part.sets);
    }
    if (whole) return run === '' ? NOTHING : { exact: run, sets: [] };
    if (run !== '') sets.push([run]);
    return { exact: undefined, sets };
  }

  #repeated(): Known {
    const one = this.#one();
    const times = REPEAT.exec(this.#tokens[this.#at] ?? '');
    if (times === null) return one;
    this.#at += 1;
    const least = times[0].startsWith('+') ? 1 : Number(times[1] ?? 0);
    if (least === 0) return NOTHING;
    return { exact: undefined, sets: one.exact === undefined ? one.sets : [[one.exact]] };
  }

  #one(): Known {
    const token = this.#tokens[this.#at]!;
    this.#at += 1;
    if (token.startsWith('(') && !token.endsWith(')')) {
      const inside = this.alternatives();
      if (this.#tokens[this.#at] === ')') this.#at += 1;
      return inside;
    }
    const letter = /^\\[!-/:-@[-`{-~]$/.test(token) ? token.slice(1) : token;
    const plain = token !== letter || !/^[.^$]$/.test(token);
    return plain && /^[ -~]$/.test(letter) ? { exact: letter.toLowerCase(), sets: [] } : NOTHING;
  }
}

/** The set that says most of a branch. */
function bestOf({ exact, sets }: Known): readonly string[] | undefined {
  if (exact !== undefined) return [exact];
  return sets.reduce<readonly string[] | undefined>(
    (best, set) => (best === undefined || shortest(set) > shortest(best) ? set : best),
    undefined,
  );
}

function shortest(set: readonly string[]): number {
  return Math.min(...set.map(({ length }) => length));
}
