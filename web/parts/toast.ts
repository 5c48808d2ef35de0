import { byId, h } from '../dom.ts';
import { later } from '../time.ts';

const SHOWN_MS = 8_000;

/** A line that comes and goes, read out by screen readers. */
export function toast(text: string, tone: 'good' | 'bad' = 'good'): void {
  const element = h('p', { class: `toast ${tone}` }, text);
  byId('toasts').append(element);
  later(SHOWN_MS, () => element.remove());
}
