/** The dialog that changes an alert: the fields of the one that adds, filled with what it has. */
import type { Alert, AlertChange, AlertPreviewWish, MadeAlert } from '../../client/types.ts';
import { get, patch } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { type Field, openDialog, type Values } from '../parts/form.ts';
import { toast } from '../parts/toast.ts';
import { KIND_NAMES, manners, subjectFields } from './fields.ts';
import { PREVIEW, preview, warned, wishOf, words } from './wish.ts';

/** Fields that the API takes as parts of one. */
const PARTS: Readonly<Record<string, keyof AlertChange>> = {
  ...{ states: 'scan', rules: 'article', feeds: 'article', symbols: 'article' },
  ...{ kinds: 'freshness', after: 'freshness' },
};

/** Resolves true when it was changed, false when the dialog was closed or nothing was another. */
export async function editAlert(id: number, signal: AbortSignal): Promise<boolean> {
  const path = `/api/v1/alerts/${id}`;
  // A list may be some seconds old.
  const alert = await get<Alert>(path, {}, signal);
  const { kind } = alert;
  const measured = kind === 'ratio' || kind === 'threshold';
  let changed = false;
  await openDialog({
    title: 'Change the alert',
    about: aboutOf(alert),
    fields: fieldsOf(alert),
    action: 'Save',
    ...(measured && {
      preview: { label: PREVIEW, run: (values) => preview(previewOf(alert, values)) },
    }),
    async submit(values, before) {
      const change = changeOf(alert, values, before);
      if (Object.keys(change).length === 0) {
        toast('There was nothing to change.');
        return undefined;
      }
      const { warnings } = await patch<MadeAlert>(path, change);
      changed = true;
      return told(warnings);
    },
  });
  return changed;
}

function aboutOf({ kind, channel }: Alert): string {
  const subject = kind === 'canary' ? 'the way of alerts itself' : KIND_NAMES[kind];
  return (
    `About ${subject}, sent to channel ${channel}: for another subject or address add another ` +
    'alert. What is not shown here stays as it is.'
  );
}

function told(warnings: readonly string[]): Child | undefined {
  const done = 'The alert is changed.';
  if (warnings.length > 0) return [h('p', {}, done), warned(warnings)];
  toast(done);
  return undefined;
}

/** Those of its kind; the kind itself stays. */
function fieldsOf(alert: Alert): Field[] {
  const texts = textsOf(alert);
  const { kind } = alert;
  return [...subjectFields(), ...manners].flatMap(({ shown, ...field }) => {
    if (field.name === 'kind' || shown?.({ kind }) === false) return [];
    const hint = field.name === 'name' && 'Stays, whatever else changes; empty: made anew of that.';
    return [filled(hint ? { ...field, hint } : field, texts[field.name] ?? '')];
  });
}

function filled(field: Field, value: string | boolean): Field {
  if (field.kind === 'check') return { ...field, value: value === true };
  const text = String(value);
  if (field.kind !== 'choice') return { ...field, value: text };
  const found = field.choices.find(([key]) => sorted(key) === sorted(text));
  if (found !== undefined) return { ...field, value: found[0] };
  // Made by a request of somebody's own: not offered, and kept all the same.
  const own = [text, words(text)?.join(', ') ?? text] as const;
  return { ...field, choices: [...field.choices, own], value: text };
}

function sorted(list: string): string {
  return list.split(',').sort().join();
}

/** What it has, as the fields say it. */
function textsOf(alert: Alert): Values {
  const { scan, article, freshness } = alert;
  const list = (values: readonly unknown[] | null | undefined) => values?.join(', ') ?? '';
  const one = (value: unknown) => (value === null ? '' : String(value));
  return {
    ...{ metric: alert.metric.join(), direction: one(alert.direction), window: alert.window },
    ...{ factor: one(alert.factor), above: one(alert.above), below: one(alert.below) },
    ...{ pairs: list(alert.pairs), exchanges: list(alert.exchanges) },
    ...{ monitors: list(alert.monitors), states: scan?.states.join() ?? '' },
    ...{ rules: list(article?.rules), feeds: list(article?.feeds) },
    ...{ symbols: list(article?.symbols), kinds: freshness?.kinds.join() ?? '' },
    ...{ after: freshness?.after ?? '', for: one(alert.for), notify: alert.notify },
    ...{ resolve: alert.resolve, name: alert.name },
  };
}

/** What was changed in the dialog, and that alone: what was emptied goes back to its default. */
function changeOf({ kind }: Alert, values: Values, before: Values): AlertChange {
  const wish: Readonly<Record<string, unknown>> = { ...wishOf({ ...values, kind }) };
  const names = Object.keys(values).filter((name) => values[name] !== before[name]);
  const keys = names.map((name) => PARTS[name] ?? name);
  return Object.fromEntries(keys.map((key) => [key, wish[key] ?? null]));
}

/** With what the dialog does not show. */
function previewOf(alert: Alert, values: Values): AlertPreviewWish {
  const { kind, window, minSamples, minAverage } = alert;
  const kept = kind === 'ratio' ? { minSamples, minAverage } : { window };
  return { ...kept, ...wishOf({ ...values, kind }) };
}
