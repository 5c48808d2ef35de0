/**
 * JSON in which every number arrives as its source text, a string: `37.930307309999996`, `1e-05`.
 * A decimal is then parsed once, by whoever stores it, and never through a lossy detour. It also
 * makes `1` and `"1"` the same to a schema: an exchange that changes between them breaks nothing.
 * Numbers outside JSON's grammar (`01`, `1.`, `NaN`) stay bare and fail.
 * @throws SyntaxError as JSON.parse does.
 */
export function parseNumberJson(text: string): unknown {
  return JSON.parse(quoteNumbers(text));
}

const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function quoteNumbers(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      NUMBER.lastIndex = at;
      if (!NUMBER.test(text)) return text;
      parts.push(text.slice(kept, at), '"', text.slice(at, NUMBER.lastIndex), '"');
      at = NUMBER.lastIndex;
      kept = at;
    } else {
      at += 1;
    }
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(kept);
}

/** The position after the string that begins at `start`; the end of the text if it never closes. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  return text.length;
}
