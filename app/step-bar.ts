export interface StepBarOptions {
  /** Writes as it stands: no line end is added. */
  readonly write: (text: string) => void;
  /** False: nothing is shown but a line now and then. */
  readonly terminal: boolean;
  readonly columns: number;
  readonly nowMs: () => number;
  /** Of what is counted. */
  readonly name: string;
}

export interface StepBar {
  update(done: number, of: number): void;
  /** Leaves the last state on the screen. */
  end(): void;
}

const WIDTH = 24;
const LINE_MS = 5_000;
const CLEAR = '\r\u001b[2K';

/** How far something is that goes by counted steps. */
export function createStepBar({ write, terminal, columns, nowMs, name }: StepBarOptions): StepBar {
  const startMs = nowMs();
  let lineMs = startMs;
  let shown = false;
  return {
    update(done, of) {
      const atMs = nowMs();
      const text = barOf(done, of, (atMs - startMs) / 1_000);
      if (terminal) {
        shown = true;
        write(`${CLEAR}${`${text} ${name}`.slice(0, Math.max(20, columns - 1))}`);
      } else if (atMs - lineMs >= LINE_MS) {
        lineMs = atMs;
        write(`${text} ${name}\n`);
      }
    },
    end() {
      if (shown) write('\n');
      shown = false;
    },
  };
}

function barOf(done: number, of: number, seconds: number): string {
  const share = of === 0 ? 1 : done / of;
  const full = Math.round(WIDTH * share);
  const bar = `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`;
  const left =
    share > 0 && share < 1 ? `  ${Math.ceil((seconds / share) * (1 - share))} s left` : '';
  const count = (value: number) => value.toLocaleString('en-US');
  return `${bar} ${String(Math.floor(100 * share)).padStart(3)} %  ${count(done)}/${count(of)}${left}`;
}
