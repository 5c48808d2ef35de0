import type { Position, Span } from './flux-ast.ts';

/** Something wrong with a script, for its author. Without a place: with the script as a whole. */
export interface FluxComplaint {
  readonly message: string;
  /** All from 1; columns in UTF-16 units of the line, the end one behind the last. */
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** A place in a message of an engine; not one in the library of Flux (`@universe.flux|1:2-3:4`). */
const PLACE = /@(\d{1,9}):(\d{1,9})(?:-(\d{1,9}):(\d{1,9}))?(?!\d)/;
const NEXT = /\n\n(?=error @)/;
const LEAD = /^(?:InfluxDB: )?(?:compilation failed: )?/;

/** What an engine says of a script, InfluxDB's words or ours: one complaint for each error. */
export function complaintsIn(message: string, script: string): readonly FluxComplaint[] {
  const places = new Places(script);
  const found = message
    .replace(LEAD, '')
    .split(NEXT)
    .map((text): FluxComplaint => {
      const [whole, line, column, endLine = line, endColumn] = PLACE.exec(text) ?? [];
      if (whole === undefined) return { message: text };
      const start = { line: Number(line), column: Number(column) };
      const end = {
        line: Number(endLine),
        column: endColumn === undefined ? start.column + 1 : Number(endColumn),
      };
      return places.complaint(text.replace(/^(?:runtime )?error @[\d:-]+: /, ''), { start, end });
    });
  return inOrder(found);
}

/** In the order of the text. */
export function inOrder(list: readonly FluxComplaint[]): readonly FluxComplaint[] {
  const at = ({ line = 0, column = 0 }: FluxComplaint) => line * 1e6 + column;
  return [...list].sort((a, b) => at(a) - at(b));
}

/** Turns columns of UTF-8 bytes, which the parser and the engines count, into characters. */
export class Places {
  readonly #lines: readonly string[];

  constructor(script: string) {
    this.#lines = script.split('\n');
  }

  complaint(message: string, { start, end }: Span): FluxComplaint {
    const from = this.#characters(start);
    const to = this.#characters(end);
    return { message, ...from, endLine: to.line, endColumn: to.column };
  }

  #characters({ line, column }: Position): Position {
    const text = this.#lines[line - 1] ?? '';
    const bytes = Buffer.from(text).subarray(0, Math.max(0, column - 1));
    return { line, column: Math.min(bytes.toString('utf8').length, text.length) + 1 };
  }
}
