import { type Child, h } from '../dom.ts';

/** A number that counts, and what it is. */
export function figure(value: Child, label: string, tone?: 'good' | 'bad' | 'warn'): HTMLElement {
  return h(
    'div',
    { class: `figure ${tone ?? ''}`.trim() },
    h('b', {}, value),
    h('span', {}, label),
  );
}

export function badge(text: string, tone?: 'good' | 'bad' | 'warn' | 'none'): HTMLElement {
  return h('span', { class: `badge ${tone ?? ''}`.trim() }, text);
}
