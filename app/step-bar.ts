import { barOf, countText, createBarLine } from './bar.ts';

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

const LINE_MS = 5_000;

/** How far something is that goes by counted steps. */
export function createStepBar({ write, terminal, columns, nowMs, name }: StepBarOptions): StepBar {
  const startMs = nowMs();
  let lineMs = startMs;
  const line = createBarLine(write, columns);
  return {
    update(done, of) {
      const atMs = nowMs();
      const text = `${stepText(done, of, (atMs - startMs) / 1_000)} ${name}`;
      if (terminal) {
        line.show(text);
      } else if (atMs - lineMs >= LINE_MS) {
        lineMs = atMs;
        write(`${text}\n`);
      }
    },
    end: line.end,
  };
}

function stepText(done: number, of: number, seconds: number): string {
  const share = of === 0 ? 1 : done / of;
  const left =
    share > 0 && share < 1 ? `  ${Math.ceil((seconds / share) * (1 - share))} s left` : '';
  const percent = String(Math.floor(100 * share)).padStart(3);
  return `${barOf(share)} ${percent} %  ${countText(done)}/${countText(of)}${left}`;
}
