import type { AlertEvent } from '../../client/types.ts';
import { type Child, h } from '../dom.ts';
import { price, whole } from '../format.ts';
import { badge } from '../parts/figure.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { when } from '../parts/when.ts';
import { hashOf } from '../router.ts';

const TONES: Readonly<Record<string, 'good' | 'warn' | 'bad'>> = {
  sent: 'good',
  digest: 'good',
  unconfirmed: 'warn',
};

/** What alerts found, of one or of all. */
export function eventList(signal: AbortSignal, alert?: number): Paged<AlertEvent> {
  return paged<AlertEvent>({
    caption: 'Alerts that fired',
    path: '/api/v1/alerts/events',
    query: () => ({ alert }),
    key: ({ id }) => id,
    empty: 'Nothing has fired.',
    pageRows: 10,
    signal,
    columns: [
      { label: 'When', cell: ({ time }) => when(time) },
      { label: 'Series', cell: seriesOf, by: ({ series }) => series },
      { label: 'Value', number: true, cell: ({ value }) => price(value), by: ({ value }) => value },
      { label: 'Mean', number: true, wide: true, cell: ({ average }) => price(average) },
      { label: 'Points', number: true, wide: true, cell: ({ samples }) => whole(samples) },
      { label: 'Outcome', cell: outcomeOf, by: ({ outcome }) => outcome },
      ...(alert === undefined ? [{ label: 'Alert', cell: alertOf }] : []),
    ],
  });
}

function alertOf({ alert }: AlertEvent): HTMLElement {
  return h('a', { href: hashOf(['alerts', String(alert)]) }, String(alert));
}

function seriesOf({ series, pair, exchange, monitor }: AlertEvent): Child {
  const text = h('span', { class: 'clip' }, series);
  if (monitor !== null) return h('a', { href: hashOf(['monitors', String(monitor)]) }, text);
  if (pair === null) return text;
  return h('a', { href: hashOf(['pair', pair], { exchange: exchange ?? '' }) }, text);
}

function outcomeOf({ outcome, late, resolved }: AlertEvent): Child {
  const more = [late && 'late', resolved !== null && 'over'].filter(Boolean).join(', ');
  return h(
    'span',
    { class: 'row tight' },
    badge(outcome, TONES[outcome]),
    h('span', { class: 'soft' }, more),
  );
}
