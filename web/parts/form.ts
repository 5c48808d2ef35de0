/** Dialogs with a form: native `<dialog>`, so that focus and Escape do what people expect. */
import { Problem } from '../api.ts';
import { type Child, fill, h } from '../dom.ts';
import { markBusy } from './busy.ts';
import { messageOf } from './state.ts';

interface FieldBase {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly required?: boolean;
  /** Whether it belongs to what is chosen so far; hidden ones are not among the values. */
  shown?(values: Values): boolean;
}

export type Field = FieldBase &
  (
    | {
        readonly kind: 'text' | 'url' | 'password' | 'number' | 'textarea' | 'email';
        readonly value?: string | number;
        readonly placeholder?: string;
        /** Offered while typing. */
        readonly offers?: readonly string[];
      }
    | { readonly kind: 'check'; readonly value?: boolean }
    | {
        readonly kind: 'choice';
        readonly choices: readonly (readonly [value: string, label: string])[];
        readonly value?: string;
      }
  );

/** Texts as typed ('' for what was left empty), and true or false of boxes. */
export type Values = Readonly<Record<string, string | boolean>>;

export interface DialogOptions {
  readonly title: string;
  readonly about?: Child;
  readonly fields: readonly Field[];
  readonly action: string;
  /** A second button, which tells below the fields what would come of it. */
  readonly preview?: { readonly label: string; run(values: Values): Promise<Child> };
  /**
   * Rejects with the API's Problem: it is shown at its field, or below. A text is shown after.
   * `before` is what the fields said when the dialog opened.
   */
  submit(values: Values, before: Values): Promise<Child | undefined>;
}

/** Opens the dialog; resolves true when it was sent and accepted, false when it was closed. */
export function openDialog(options: DialogOptions): Promise<boolean> {
  return new Promise((resolve) => {
    let sent = false;
    const trouble = h('p', { class: 'trouble', role: 'alert' });
    const fields = options.fields.map(fieldOf);
    const send = h('button', { class: 'main', type: 'submit' }, options.action);
    const close = (): void => dialog.close();
    const { preview } = options;
    const previewed = h('div', { class: 'previewed', role: 'status' });
    const form = h(
      'form',
      { method: 'dialog', novalidate: true, onsubmit: submit, oninput: arrange },
      h('h2', {}, options.title),
      options.about !== undefined && h('div', { class: 'about' }, options.about),
      fields.map(({ element }) => element),
      trouble,
      previewed,
      h(
        'div',
        { class: 'actions' },
        preview && h('button', { type: 'button', class: 'left', onclick: look }, preview.label),
        h('button', { type: 'button', onclick: close }, 'Cancel'),
        send,
      ),
    );
    const dialog = h('dialog', { 'aria-label': options.title, onclose: closed }, form);
    let busy = false;
    arrange();
    const before = valuesOf(fields);
    document.body.append(dialog);
    dialog.showModal();

    function arrange(): void {
      const all = valuesOf(fields);
      for (const field of fields) field.element.hidden = field.shown?.(all) === false;
    }

    function look(): Promise<void> {
      return attempt(async () => fill(previewed, await preview?.run(valuesOf(fields))));
    }

    function closed(): void {
      dialog.remove();
      resolve(sent);
    }

    function submit(event: SubmitEvent): Promise<void> {
      event.preventDefault();
      return attempt(async () => {
        const shown = await options.submit(valuesOf(fields), before);
        sent = true;
        if (shown === undefined) dialog.close();
        else showDone(shown);
      });
    }

    function showDone(shown: Child): void {
      const done = h('button', { class: 'main', type: 'button', onclick: close }, 'Done');
      fill(form, h('h2', {}, options.title), shown, h('div', { class: 'actions' }, done));
      done.focus();
    }

    async function attempt(act: () => Promise<void>): Promise<void> {
      if (busy) return;
      fill(trouble);
      for (const field of fields) field.complain('');
      const unread = fields.find(({ element, readable }) => !element.hidden && !readable());
      if (unread !== undefined) return unread.complain('This is no number.');
      busy = true;
      markBusy(send, true);
      try {
        await act();
      } catch (error) {
        complain(error, fields, trouble);
      } finally {
        busy = false;
        markBusy(send, false);
      }
    }
  });
}

interface LiveField {
  readonly name: string;
  readonly element: HTMLElement;
  readonly shown: Field['shown'];
  read(): string | boolean;
  /** False of a number that is none: it would be read as nothing. */
  readable(): boolean;
  complain(text: string, position?: number): void;
}

function valuesOf(fields: readonly LiveField[]): Values {
  const seen = fields.filter(({ element }) => !element.hidden);
  return Object.fromEntries(seen.map((field) => [field.name, field.read()]));
}

/** At the field that the API names, or below the form. */
function complain(error: unknown, fields: readonly LiveField[], trouble: HTMLElement): void {
  const details = error instanceof Problem ? error.details : {};
  const named = details.field ?? details.parameter ?? details.path;
  const wanted = String(named ?? '').split('.');
  const field = fields.find(({ name, element }) => wanted.includes(name) && !element.hidden);
  const near = Array.isArray(details.near) ? details.near : [];
  const offer = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : '';
  const fix = typeof details.fix === 'string' ? ` What helps: ${details.fix}.` : '';
  const said = messageOf(error);
  const end = (offer !== '' || fix !== '') && !/[.?!]$/.test(said) ? '.' : '';
  const text = `${said}${end}${offer}${fix}`;
  const position = details.position ?? details.at;
  if (field === undefined) fill(trouble, text);
  else field.complain(text, typeof position === 'number' ? position : undefined);
}

let fieldCount = 0;

function fieldOf(field: Field): LiveField {
  fieldCount += 1;
  const id = `field-${fieldCount}`;
  const control = controlOf(field, id);
  const problem = h('p', { class: 'trouble', id: `${id}-problem`, role: 'alert' });
  const box = field.kind === 'check';
  const label = h('label', { for: id }, field.label);
  const hint = field.hint && h('p', { class: 'hint', id: `${id}-hint` }, field.hint);
  const offers = 'offers' in field && field.offers ? offersOf(`${id}-offers`, field.offers) : null;
  control.setAttribute('aria-describedby', `${id}-hint ${id}-problem`);
  return {
    name: field.name,
    element: h(
      'div',
      { class: box ? 'field box' : 'field' },
      box ? [control, label] : [label, control],
      offers,
      hint,
      problem,
    ),
    read: () =>
      control instanceof HTMLInputElement && box ? control.checked : control.value.trim(),
    readable: () => !control.validity.badInput,
    shown: field.shown?.bind(field),
    complain(text, position) {
      fill(problem, text, position !== undefined && placeOf(control.value, position));
      if (text === '') control.removeAttribute('aria-invalid');
      else control.setAttribute('aria-invalid', 'true');
      if (text !== '') control.focus();
      if (position !== undefined && hasSelection(control)) {
        control.setSelectionRange(position, position + 1);
      }
    },
  };
}

/** Numbers and e-mail addresses have no part that can be selected. */
function hasSelection(control: HTMLElement): control is HTMLTextAreaElement {
  return control.matches('textarea, input[type="text"], input[type="url"]');
}

const AROUND = 24;

/** The text around a mistake, with the place marked. */
function placeOf(text: string, position: number): HTMLElement {
  const before = text.slice(Math.max(0, position - AROUND), position);
  const at = text.slice(position, position + 1) || ' ';
  const after = text.slice(position + 1, position + AROUND);
  return h('code', { class: 'place' }, before, h('mark', {}, at), after);
}

function offersOf(id: string, offers: readonly string[]): HTMLElement {
  return h(
    'datalist',
    { id },
    offers.map((value) => h('option', { value })),
  );
}

function controlOf(field: Field, id: string) {
  const { name, required = false } = field;
  if (field.kind === 'choice') {
    const options = field.choices.map(([value, label]) => {
      return h('option', { value, selected: value === field.value }, label);
    });
    return h('select', { id, name }, options);
  }
  if (field.kind === 'check')
    return h('input', { id, name, type: 'checkbox', checked: field.value });
  const { placeholder, value } = field;
  if (field.kind === 'textarea') {
    return h('textarea', { id, name, placeholder, rows: 4, required, spellcheck: 'false' }, value);
  }
  const list = field.offers ? `${id}-offers` : undefined;
  const rest = { placeholder, value, required, list, autocomplete: 'off', spellcheck: 'false' };
  return h('input', {
    id,
    name,
    type: field.kind,
    step: field.kind === 'number' ? 'any' : undefined,
    ...rest,
  });
}

/** Asks before what cannot be undone. */
export function confirmAction(title: string, about: string, action: string): Promise<boolean> {
  return openDialog({ title, about, fields: [], action, submit: async () => undefined });
}
