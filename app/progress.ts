import type { BackfillView } from '../ingest/prices/backfill/desk.ts';
import { spanText } from '../ingest/prices/backfill/plan.ts';
import { barOf, countText, createBarLine } from './bar.ts';

export interface ProgressOptions {
  /** Writes as it stands: no line end is added. */
  readonly write: (text: string) => void;
  /** `bar`: one line that changes, for a terminal; `lines`: one now and then; `json`: one each. */
  readonly style: 'bar' | 'lines' | 'json';
  /** Of the terminal. */
  readonly columns: number;
  readonly nowMs: () => number;
}

export interface Progress {
  /** Shows where it stands. */
  update(view: BackfillView): void;
  /** A line of its own, above the bar. */
  note(text: string): void;
  /** Leaves the last state on the screen. */
  end(): void;
}

const LINE_MS = 10_000;
/** Speeds are those of this time: a pause of an exchange shows. */
const WINDOW_MS = 30_000;

interface Sample {
  readonly atMs: number;
  readonly minutes: number;
  readonly candles: number;
}

/** Shows a backfill to a person, a file or a program. */
export function createProgress(options: ProgressOptions): Progress {
  const { write, style, nowMs } = options;
  let samples: Sample[] = [];
  let lastLineMs = Number.NEGATIVE_INFINITY;
  const line = createBarLine(write, options.columns);
  return {
    update(view) {
      const atMs = nowMs();
      const sums = sumsOf(view);
      samples = [...samples, { atMs, minutes: sums.minutesDone, candles: sums.candles }];
      while (samples.length > 2 && atMs - samples[1]!.atMs >= WINDOW_MS) samples.shift();
      const speed = speedOf(samples);
      const leftMs = view.state === 'open' ? leftMsOf(view, speed) : 0;
      if (style === 'json') {
        write(`${JSON.stringify({ ...sums, state: view.state, ...speed, leftMs })}\n`);
      } else if (style === 'bar') {
        line.show(textOf(sums, speed, leftMs));
      } else if (atMs - lastLineMs >= LINE_MS || view.state !== 'open') {
        lastLineMs = atMs;
        write(`${textOf(sums, speed, leftMs)}\n`);
      }
    },
    note(text) {
      if (style === 'bar') line.note(text);
      else write(`${text}\n`);
    },
    end: line.end,
  };
}

interface Sums {
  readonly percent: number;
  readonly markets: number;
  readonly marketsDone: number;
  readonly failed: number;
  readonly minutes: number;
  readonly minutesDone: number;
  readonly requests: number;
  readonly candles: number;
  readonly rows: number;
}

export function sumsOf({ lanes }: Pick<BackfillView, 'lanes'>): Sums {
  const sum = (read: (lane: BackfillView['lanes'][number]) => number) =>
    lanes.reduce((total, lane) => total + read(lane), 0);
  const minutes = sum((lane) => lane.minutes);
  const minutesDone = sum((lane) => lane.minutesDone);
  return {
    percent: minutes === 0 ? 100 : Math.floor((1_000 * minutesDone) / minutes) / 10,
    markets: sum((lane) => lane.markets),
    marketsDone: sum((lane) => lane.done),
    failed: sum((lane) => lane.failed),
    ...{ minutes, minutesDone },
    requests: sum((lane) => lane.requests),
    candles: sum((lane) => lane.candles),
    rows: sum((lane) => lane.rows),
  };
}

interface Speed {
  readonly minutesPerSecond: number;
  readonly candlesPerSecond: number;
}

function speedOf(samples: readonly Sample[]): Speed {
  const [first, last] = [samples[0], samples.at(-1)];
  const seconds = first && last ? (last.atMs - first.atMs) / 1_000 : 0;
  if (!first || !last || seconds <= 0) return { minutesPerSecond: 0, candlesPerSecond: 0 };
  const per = (count: number) => Math.round((10 * count) / seconds) / 10;
  return {
    minutesPerSecond: per(last.minutes - first.minutes),
    candlesPerSecond: per(last.candles - first.candles),
  };
}

/** By the speed of late; before there is one, by what requests take at most. */
function leftMsOf(view: BackfillView, { minutesPerSecond }: Speed): number {
  const { minutes, minutesDone } = sumsOf(view);
  if (minutesPerSecond <= 0) return view.leftMs;
  return Math.round(((minutes - minutesDone) / minutesPerSecond) * 1_000);
}

function textOf(sums: Sums, speed: Speed, leftMs: number): string {
  const parts = [
    `${barOf(sums.percent / 100)} ${sums.percent.toFixed(1).padStart(5)} %`,
    `${countText(sums.marketsDone)}/${countText(sums.markets)} markets`,
    `${countText(sums.rows)} points`,
    `${countText(speed.candlesPerSecond)} candles/s`,
    leftMs > 0 ? `ETA ${spanText(leftMs)}` : 'done',
  ];
  if (sums.failed > 0) parts.splice(2, 0, `${countText(sums.failed)} failed`);
  return parts.join('  ');
}
