/** Buttons that do something, and groups of them of which one is pressed. */
import { h } from '../dom.ts';
import { markBusy } from './busy.ts';
import { isLeft, messageOf } from './state.ts';
import { toast } from './toast.ts';

export interface ButtonOptions {
  readonly label: string;
  /** For screen readers, where the label is the same in every row. */
  readonly about?: string;
  readonly class?: string;
  /** What it answers is told in a line; what it throws as well. */
  act(): Promise<string | undefined>;
}

/** A button that is off while it is at work, and keeps the focus. */
export function button({ label, about, class: name, act }: ButtonOptions): HTMLButtonElement {
  const element = h('button', { type: 'button', class: name, 'aria-label': about }, label);
  let busy = false;
  element.addEventListener('click', async () => {
    if (busy) return;
    busy = true;
    markBusy(element, true);
    try {
      const told = await act();
      if (told !== undefined) toast(told);
    } catch (error) {
      if (!isLeft(error)) toast(messageOf(error), 'bad');
    } finally {
      busy = false;
      markBusy(element, false);
      if (!element.isConnected && isFocusLost()) twinOf(element)?.focus();
    }
  });
  return element;
}

function isFocusLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

/** What stands in the place of a button that was drawn anew meanwhile. */
function twinOf(element: HTMLButtonElement): HTMLButtonElement | undefined {
  const about = element.getAttribute('aria-label');
  return [...document.querySelectorAll('button')].find(
    (other) =>
      other.textContent === element.textContent && other.getAttribute('aria-label') === about,
  );
}

export interface ChoiceOptions {
  /** What is chosen, for screen readers. */
  readonly label: string;
  readonly choices: readonly (readonly [value: string, label: string])[];
  readonly value: string;
  onChoose(value: string): void;
}

/** One of few, all in sight. */
export function choice({ label, choices, value, onChoose }: ChoiceOptions): HTMLElement {
  const buttons = choices.map(([key, text]) => {
    const props = {
      type: 'button',
      'aria-pressed': String(key === value),
      onclick: () => set(key),
    };
    return h('button', { ...props, 'data-value': key }, text);
  });
  function set(key: string): void {
    for (const one of buttons) one.setAttribute('aria-pressed', String(one.dataset.value === key));
    onChoose(key);
  }
  return h('div', { class: 'choice', role: 'group', 'aria-label': label }, buttons);
}

export interface FilterOptions {
  readonly label: string;
  readonly value?: string | undefined;
  readonly placeholder?: string;
  onChange(value: string): void;
}

/** A text to search by; told when it is entered or left. */
export function searchBox({ label, value, placeholder, onChange }: FilterOptions): HTMLElement {
  const input = h('input', {
    ...{ type: 'search', 'aria-label': label, placeholder: placeholder ?? label, value },
    ...{ autocomplete: 'off', spellcheck: 'false' },
  });
  input.addEventListener('change', () => onChange(input.value.trim()));
  return input;
}

/** One of a list that may be long. */
export function select(
  { label, value, onChange }: FilterOptions,
  choices: readonly (readonly [value: string, label: string])[],
): HTMLSelectElement {
  const element = h(
    'select',
    { 'aria-label': label },
    choices.map(([key, text]) => h('option', { value: key, selected: key === value }, text)),
  );
  element.addEventListener('change', () => onChange(element.value));
  return element;
}
