/** What stands where there is nothing to show: loading, nothing, a failure and what to do. */
import { Problem } from '../api.ts';
import { type Child, h } from '../dom.ts';

export function loading(): HTMLElement {
  return h('p', { class: 'state', role: 'status' }, 'Loading…');
}

export function nothing(...text: readonly Child[]): HTMLElement {
  return h('p', { class: 'state' }, text);
}

export function failure(error: unknown, again?: () => void): HTMLElement {
  return h(
    'div',
    { class: 'state bad', role: 'alert' },
    h('p', {}, messageOf(error)),
    again && h('button', { type: 'button', onclick: again }, 'Try again'),
  );
}

/** What went wrong in words; a bug of ours as well. */
export function messageOf(error: unknown): string {
  if (error instanceof Problem && error.status === 403) return `${error.message}.`;
  return error instanceof Error ? error.message : String(error);
}

/** Whether this is only the end of a page that was left. */
export function isLeft(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

interface CardOptions {
  readonly id?: string;
  readonly title: string;
  /** Beside the title: buttons, a choice, a figure. */
  readonly aside?: Child;
  readonly class?: string;
}

/** A part of a page with a heading. */
export function card(options: CardOptions, ...children: readonly Child[]): HTMLElement {
  const { id, title, aside } = options;
  const head = h('div', { class: 'card-head' }, h('h2', {}, title), aside);
  return h('section', { id, class: `card ${options.class ?? ''}`.trim() }, head, ...children);
}

/** Fills `place` with what `make` answers: first "Loading…", then that, or what went wrong. */
export async function fillWith(place: HTMLElement, make: () => Promise<Child>): Promise<void> {
  if (place.childElementCount === 0) place.append(loading());
  try {
    const child = await make();
    place.replaceChildren();
    place.append(h('div', { class: 'filled' }, child));
  } catch (error) {
    if (isLeft(error)) return;
    place.replaceChildren(failure(error, () => fillWith(place, make)));
  }
}
