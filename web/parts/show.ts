import { type Child, h } from '../dom.ts';

/** A dialog that only shows; Escape and its button close it. */
export function showDialog(title: string, ...children: readonly Child[]): void {
  const close = h(
    'button',
    { type: 'button', class: 'main', onclick: () => dialog.close() },
    'Close',
  );
  const dialog = h(
    'dialog',
    { class: 'shown', 'aria-label': title, onclose: () => dialog.remove() },
    h('h2', {}, title),
    ...children,
    h('div', { class: 'actions' }, close),
  );
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}

/** Names and what they are, in two columns. */
export function facts(rows: readonly (readonly [name: string, value: Child])[]): HTMLElement {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return h(
    'dl',
    { class: 'facts' },
    shown.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
  );
}
