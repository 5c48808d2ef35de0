/** Proposals while one types, in a list under the cursor: arrows, Enter or Tab, Escape. */
import { send } from '../api.ts';
import { fill, h } from '../dom.ts';
import { isLeft } from '../parts/state.ts';
import { later } from '../time.ts';
import type { Editor } from './editor.ts';
import { closed, placeAt } from './tokens.ts';

interface Proposal {
  readonly label: string;
  readonly kind: string;
  readonly detail: string;
  readonly insert: string;
}

interface Proposals {
  readonly from: { readonly line: number; readonly column: number };
  readonly items: readonly Proposal[];
}

/** Typing is waited for so long. */
const QUIET_MS = 120;
/** A press on a proposal comes first. */
const BLUR_MS = 150;
const LIST_ID = 'flux-proposals';

export class Completion {
  readonly element = h('ul', {
    ...{ id: LIST_ID, class: 'flux-proposals', role: 'listbox' },
    'aria-label': 'Proposals',
  });
  readonly #editor: Editor;
  readonly #signal: AbortSignal;
  #items: readonly Proposal[] = [];
  /** Where in the text the proposals go. */
  #from = 0;
  #chosen = 0;
  #asking: AbortController | undefined;
  #callOff = () => {};

  constructor(editor: Editor, signal: AbortSignal) {
    this.#editor = editor;
    this.#signal = signal;
    this.element.hidden = true;
    const { input } = editor;
    input.setAttribute('aria-controls', LIST_ID);
    input.setAttribute('aria-autocomplete', 'list');
    input.addEventListener('blur', () => later(BLUR_MS, () => this.#close()));
    signal.addEventListener('abort', () => this.#close(), { once: true });
  }

  /** After something was typed. */
  typed(): void {
    this.#callOff();
    const before = this.#editor.value().slice(0, this.#editor.input.selectionStart);
    if (/[\p{L}\p{N}_."(]$/u.test(before)) this.#callOff = later(QUIET_MS, () => void this.#ask());
    else this.#close();
  }

  /** Whether it has taken the key. */
  key({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
    if (key === ' ' && ctrlKey) void this.#ask();
    else if (this.element.hidden) return false;
    else if (key === 'ArrowDown') this.#choose(this.#chosen + 1);
    else if (key === 'ArrowUp') this.#choose(this.#chosen - 1);
    else if (key === 'Escape') this.#close();
    else if ((key === 'Enter' || key === 'Tab') && !ctrlKey && !metaKey) this.#take(this.#chosen);
    else return false;
    return true;
  }

  #close(): void {
    this.#callOff();
    this.#asking?.abort();
    this.#items = [];
    this.element.hidden = true;
    this.#editor.input.removeAttribute('aria-activedescendant');
  }

  #choose(at: number): void {
    this.#chosen = (at + this.#items.length) % this.#items.length;
    const rows = [...this.element.children];
    rows.forEach((row, index) => {
      row.setAttribute('aria-selected', String(index === this.#chosen));
    });
    const row = rows[this.#chosen];
    row?.scrollIntoView({ block: 'nearest' });
    this.#editor.input.setAttribute('aria-activedescendant', row?.id ?? '');
  }

  #take(at: number): void {
    const item = this.#items[at];
    this.#close();
    if (item === undefined) return;
    const cursor = this.#editor.input.selectionStart;
    const { text, to } = closed(this.#editor.value(), { ...item, from: this.#from, cursor });
    this.#editor.insert(text, this.#from, to);
  }

  async #ask(): Promise<void> {
    this.#asking?.abort();
    const mine = new AbortController();
    this.#asking = mine;
    const query = this.#editor.value();
    const cursor = this.#editor.input.selectionStart;
    const body = { query, ...placeAt(query, cursor) };
    try {
      const answer = await send('POST', '/api/v1/flux/complete', { body, signal: mine.signal });
      const found = (await answer.json()) as Proposals;
      const now = this.#editor.input.selectionStart;
      const late = query !== this.#editor.value() || cursor !== now || this.#signal.aborted;
      if (!late && !mine.signal.aborted) this.#show(found, cursor);
    } catch (error) {
      // Proposals are a help: without them one types on.
      if (!isLeft(error)) this.#close();
    }
  }

  #show({ from, items }: Proposals, cursor: number): void {
    const text = this.#editor.value();
    this.#from = cursor - placeAt(text, cursor).column + from.column;
    const typed = text.slice(this.#from, cursor);
    this.#items = items.filter(({ insert }) => insert !== typed);
    this.element.hidden = this.#items.length === 0;
    if (this.element.hidden) return;
    fill(
      this.element,
      this.#items.map((item, at) => rowOf(item, at, () => this.#take(at))),
    );
    place(this.element, this.#editor.at(this.#from), this.#editor.element);
    this.#choose(0);
  }
}

function rowOf(item: Proposal, at: number, take: () => void): HTMLElement {
  const { label, kind, detail } = item;
  // Not a click: that would take the focus away first.
  const onpointerdown = (event: PointerEvent): void => {
    event.preventDefault();
    take();
  };
  return h(
    'li',
    { id: `${LIST_ID}-${at}`, role: 'option', class: `k-${kind}`, onpointerdown, title: detail },
    h('b', {}, label),
    h('i', {}, kind),
    h('span', {}, detail),
  );
}

function place(
  list: HTMLElement,
  { left, top }: { readonly left: number; readonly top: number },
  within: HTMLElement,
): void {
  const most = Math.max(0, within.clientWidth - list.offsetWidth - 4);
  list.style.setProperty('left', `${Math.min(left, most)}px`);
  list.style.setProperty('top', `${Math.min(top, within.clientHeight)}px`);
}
