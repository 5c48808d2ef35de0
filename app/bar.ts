/** Goes back to the beginning of the terminal's line, and empties it. */
const CLEAR = '\r\u001b[2K';
const WIDTH = 24;
const COLUMNS_MIN = 20;

/** How far something is, from 0 to 1: `[######------------------]`. */
export function barOf(share: number): string {
  const full = Math.round(WIDTH * share);
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`;
}

/** A number for people: `1,234`. */
export function countText(value: number): string {
  return value.toLocaleString('en-US');
}

export interface BarLine {
  /** Shows a text in place of the last one, as much of it as there is room for. */
  show(text: string): void;
  /** A line above it that stays. */
  note(text: string): void;
  /** Takes the text away while something else is written, and shows it again. */
  aside(write: () => void): void;
  /** Takes the text away. */
  clear(): void;
  /** Leaves the last text on the screen. */
  end(): void;
}

/** One line of a terminal that changes. `write` writes as it stands: no line end is added. */
export function createBarLine(write: (text: string) => void, columns: number): BarLine {
  let shown = '';
  return {
    show(text) {
      shown = text.slice(0, Math.max(COLUMNS_MIN, columns - 1));
      write(`${CLEAR}${shown}`);
    },
    note: (text) => write(`${CLEAR}${text}\n${shown}`),
    aside(other) {
      if (shown !== '') write(CLEAR);
      other();
      if (shown !== '') write(shown);
    },
    clear() {
      if (shown !== '') write(CLEAR);
      shown = '';
    },
    end() {
      if (shown !== '') write('\n');
      shown = '';
    },
  };
}
