/** How the slots of one exchange went in the last hour. */
import { get } from '../api.ts';
import { fill, h } from '../dom.ts';
import { moment, span, whole } from '../format.ts';
import { chart } from '../parts/chart.ts';
import { figure } from '../parts/figure.ts';
import { card, fillWith, nothing } from '../parts/state.ts';

interface Slot {
  readonly slot: string;
  readonly lateMs: number;
  readonly tookMs: number;
  readonly rows: number;
  readonly ok: boolean;
}

export interface SlotsOptions {
  readonly signal: AbortSignal;
  onClose(): void;
}

export function slotsCard({ signal, onClose }: SlotsOptions) {
  const element = h('div', { class: 'slots', hidden: true });
  let ending: AbortController | undefined;
  return {
    element,
    /** Undefined: no exchange. */
    show(exchange: string | undefined): void {
      ending?.abort(new DOMException('another', 'AbortError'));
      element.hidden = exchange === undefined;
      if (exchange === undefined) return;
      ending = new AbortController();
      const mine = AbortSignal.any([signal, ending.signal]);
      const place = h('div', { class: 'slots-place' });
      const close = h('button', { type: 'button', class: 'small', onclick: onClose }, 'Close');
      const title = `${exchange}: slots of the last hour`;
      const shown = card({ title, aside: close }, place);
      fill(element, shown);
      shown.tabIndex = -1;
      shown.focus();
      shown.scrollIntoView({ block: 'nearest' });
      void fillWith(place, () => slotsOf(exchange, mine));
    },
  };
}

async function slotsOf(exchange: string, signal: AbortSignal): Promise<HTMLElement> {
  const path = `/api/v1/exchanges/${encodeURIComponent(exchange)}/slots`;
  const slots = await get<readonly Slot[]>(path, { start: '-1h' }, signal);
  if (slots.length === 0) return nothing('No slot of the last hour is recorded.');
  const good = slots.filter(({ ok }) => ok);
  const times = slots.map(({ slot }) => Date.parse(slot) / 1000);
  const took = good.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (part: number): string => span(took[Math.floor((took.length - 1) * part)]);
  const bad = slots.filter(({ ok }) => !ok);
  const lines = [
    { label: 'begun late', values: slots.map(({ lateMs }) => lateMs) },
    { label: 'stored after', values: slots.map(({ ok, tookMs }) => (ok ? tookMs : null)) },
    {
      label: 'failed',
      color: '--bad',
      values: slots.map(({ ok, tookMs }) => (ok ? null : tookMs)),
    },
  ];
  const drawn = chart({
    label: `How late the slots of ${exchange} were in the last hour`,
    heightPx: 180,
    ...{ times, signal, format: span },
    lines: bad.length === 0 ? lines.slice(0, 2) : lines,
  });
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'figures' },
      figure(`${good.length} of ${slots.length}`, 'slots stored', bad.length > 0 ? 'warn' : 'good'),
      figure(at(0.5), 'stored after, half of them'),
      figure(at(0.99), 'stored after, 99 of 100'),
      figure(whole(good.at(-1)?.rows), 'prices of the newest'),
      bad.length > 0 && figure(moment(bad.at(-1)!.slot), 'the last that failed', 'bad'),
    ),
    drawn.element,
  );
}
