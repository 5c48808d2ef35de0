/** Scans as lines over time. */
import type { Scan } from '../../client/types.ts';
import { h } from '../dom.ts';
import { compact, price, span } from '../format.ts';
import { type Chart, chart, type Line } from '../parts/chart.ts';
import { card } from '../parts/state.ts';

const PHASES = [
  ['dnsMs', 'DNS'],
  ['connectMs', 'Connect'],
  ['tlsMs', 'TLS'],
  ['ttfbMs', 'First byte'],
  ['transferMs', 'Transfer'],
] as const;
const VALUES_MAX = 8;
const SMALL_PX = 150;

export interface ScanCharts {
  readonly element: HTMLElement;
  update(scans: readonly Scan[]): void;
}

export function scanCharts(signal: AbortSignal): ScanCharts {
  const phases = chart({
    ...{ label: 'Phases of each scan, one upon another', stacked: true, heightPx: 240 },
    ...{ times: [], lines: [], format: span, signal },
  });
  const certificate = chart({
    ...{ label: 'Days until the certificate ends', heightPx: SMALL_PX },
    ...{ times: [], lines: [], format: compact, signal },
  });
  const certificateCard = card({ title: 'Certificate, days left' }, certificate.element);
  const values = h('div', { class: 'beside' });
  const valueCharts = new Map<string, Chart>();
  const beside = h('div', { class: 'beside', hidden: true }, values, certificateCard);
  const element = h('div', { class: 'grid' }, card({ title: 'Phases' }, phases.element), beside);
  return {
    element,
    update(scans) {
      const times = scans.map(({ slot }) => Date.parse(slot) / 1000);
      phases.update(times, phaseLines(scans));
      const days = scans.map(({ certDays }) => certDays ?? null);
      certificateCard.hidden = days.every((value) => value === null);
      if (!certificateCard.hidden) certificate.update(times, [{ label: 'Days', values: days }]);
      const names = namesOf(scans);
      beside.hidden = certificateCard.hidden && names.length === 0;
      for (const name of names) {
        let one = valueCharts.get(name);
        if (one === undefined) {
          one = valueChart(name, signal);
          valueCharts.set(name, one);
          values.append(card({ title: name, class: 'value' }, one.element));
        }
        one.update(times, [{ label: name, values: scans.map((scan) => numberOf(scan, name)) }]);
      }
    },
  };
}

function valueChart(name: string, signal: AbortSignal): Chart {
  const label = `${name}, as the pattern found it`;
  return chart({ label, heightPx: SMALL_PX, times: [], lines: [], format: price, signal });
}

function phaseLines(scans: readonly Scan[]): Line[] {
  const lines = PHASES.map(([field, label]) => {
    return { label, values: scans.map((scan) => scan[field] ?? null) };
  });
  return lines.filter(({ values }) => values.some((value) => value !== null));
}

function namesOf(scans: readonly Scan[]): string[] {
  const names = new Set(scans.flatMap(({ values }) => Object.keys(values ?? {})));
  return [...names].sort().slice(0, VALUES_MAX);
}

function numberOf({ values }: Scan, name: string): number | null {
  const value = values?.[name];
  return typeof value === 'number' ? value : null;
}
