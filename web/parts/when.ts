/** Times as how long ago they are, which stays true while one looks. */
import { h } from '../dom.ts';
import { ago, moment } from '../format.ts';
import { every, nowMs } from '../time.ts';

const TICK_MS = 5_000;
let ticking = false;

/** "12 s ago", with the whole time where one points at it. */
export function when(at: string | null | undefined, never = 'never'): HTMLElement {
  if (at === null || at === undefined) return h('span', { class: 'soft' }, never);
  if (!ticking) {
    ticking = true;
    every(TICK_MS, new AbortController().signal, tick);
  }
  return h('time', { class: 'ago', datetime: at, title: moment(at) }, ago(at, nowMs()));
}

function tick(): void {
  for (const element of document.querySelectorAll<HTMLTimeElement>('time.ago')) {
    const text = ago(element.dateTime, nowMs());
    if (element.textContent !== text) element.textContent = text;
  }
}
