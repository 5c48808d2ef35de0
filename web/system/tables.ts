import type { Exchange, Readiness, Task } from '../../client/types.ts';
import { h } from '../dom.ts';
import { lengthWords, span, whole } from '../format.ts';
import { badge } from '../parts/figure.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/when.ts';

type Check = Readiness['checks'][number];

export function checkTable() {
  return table<Check>({
    caption: 'Checks of readiness',
    rows: [],
    key: ({ name }) => name,
    columns: [
      { label: 'Check', cell: ({ name }) => name.replaceAll('_', ' '), by: ({ name }) => name },
      { label: 'State', cell: ({ ok }) => badge(ok ? 'ok' : 'wrong', ok ? 'good' : 'bad') },
      {
        label: 'What helps',
        cell: ({ reason, fix }) => [reason, fix && h('span', { class: 'warning' }, ` ${fix}`)],
      },
    ],
  });
}

const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn'>> = {
  ok: 'good',
  failing: 'bad',
  paused: 'warn',
};

export function exchangeTable() {
  return table<Exchange>({
    caption: 'Exchanges and how late their prices are',
    rows: [],
    key: ({ exchange }) => exchange,
    columns: [
      { label: 'Exchange', cell: ({ exchange }) => exchange, by: ({ exchange }) => exchange },
      { label: 'State', cell: ({ state }) => badge(state, TONES[state]), by: ({ state }) => state },
      {
        label: 'Lateness',
        number: true,
        cell: ({ latenessMs }) => span(latenessMs),
        by: ({ latenessMs }) => latenessMs,
      },
      { label: 'Every', number: true, wide: true, cell: ({ interval }) => lengthWords(interval) },
      { label: 'Last success', cell: (one) => when(one.lastSuccess), by: (one) => one.lastSuccess },
      {
        label: 'Failures',
        number: true,
        wide: true,
        cell: ({ consecutiveFailures }) => whole(consecutiveFailures),
        by: ({ consecutiveFailures }) => consecutiveFailures,
      },
      {
        label: 'Error',
        wide: true,
        cell: ({ error }) => error && h('span', { class: 'clip' }, error),
      },
    ],
  });
}

export function taskTable() {
  return table<Task>({
    caption: 'Tasks in InfluxDB',
    rows: [],
    key: ({ id }) => id,
    columns: [
      {
        label: 'Task',
        cell: ({ name }) => h('span', { class: 'clip' }, name.replace(/^tidemark: /, '')),
        by: ({ name }) => name,
      },
      {
        label: 'State',
        cell: ({ ok, active }) => badge(ok ? 'ok' : active ? 'wrong' : 'off', ok ? 'good' : 'bad'),
        by: ({ ok }) => String(ok),
      },
      { label: 'Every', number: true, wide: true, cell: ({ every }) => lengthWords(every) },
      { label: 'Last run', cell: ({ lastRun }) => when(lastRun), by: ({ lastRun }) => lastRun },
      { label: 'Behind', number: true, cell: ({ lagMs }) => span(lagMs), by: ({ lagMs }) => lagMs },
      {
        label: 'Failed',
        number: true,
        wide: true,
        cell: ({ failed, runs }) => `${failed} of ${runs}`,
      },
      { label: 'Skipped', number: true, wide: true, cell: ({ skipped }) => skipped },
      {
        label: 'Why',
        wide: true,
        cell: ({ reason, lastError }) => h('span', { class: 'clip' }, reason ?? lastError ?? ''),
      },
    ],
  });
}
