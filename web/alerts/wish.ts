/** The dialog that makes alerts, and the wish that its fields come to. */
import type { AlertPreview, AlertPreviewWish, AlertWish, MadeAlert } from '../../client/types.ts';
import { post } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { moment, price, whole } from '../format.ts';
import { openDialog, type Values } from '../parts/form.ts';
import { table } from '../parts/table.ts';
import { toast } from '../parts/toast.ts';
import { type AlertStart, manners, receivers, subjectFields } from './fields.ts';

export const PREVIEW = 'Preview the last day';

/** Resolves to the alert, undefined when the dialog was closed. */
export async function addAlert(start: AlertStart = {}): Promise<MadeAlert | undefined> {
  let made: MadeAlert | undefined;
  await openDialog({
    title: 'Add an alert',
    fields: [...subjectFields(start), ...manners, ...receivers],
    action: 'Add',
    preview: { label: PREVIEW, run: (values) => preview(wishOf(values)) },
    async submit(values) {
      made = await post<MadeAlert>('/api/v1/alerts', { ...wishOf(values), ...receiverOf(values) });
      return told(made);
    },
  });
  return made;
}

/** What a message goes to. */
function receiverOf(values: Values): Partial<AlertWish> {
  const { to: kind = 'webhook', region } = values;
  const address = String(values[String(kind)] ?? '');
  if (kind !== 'pagerduty') return { [String(kind)]: address };
  return { pagerduty: { key: address, region: region === 'eu' ? 'eu' : 'us' } };
}

/** What an alert is about, without where it goes. */
export function wishOf(values: Values): AlertPreviewWish {
  const text = (name: string) => String(values[name] ?? '') || undefined;
  const number = (name: string) => (text(name) === undefined ? undefined : Number(text(name)));
  const common = {
    ...{ pairs: words(text('pairs')), exchanges: words(text('exchanges')) },
    ...{ monitors: numbers(text('monitors')), for: text('for'), name: text('name') },
    notify: text('notify') as AlertPreviewWish['notify'],
    // Not asked of what has no end.
    resolve: values.resolve === undefined ? undefined : values.resolve === true,
  };
  const metric = words(text('metric')) as AlertPreviewWish['metric'];
  switch (text('kind')) {
    case 'ratio': {
      const direction = text('direction') as AlertPreviewWish['direction'];
      return { ...common, metric, direction, factor: number('factor'), window: text('window') };
    }
    case 'threshold':
      return { ...common, metric, above: number('above'), below: number('below') };
    case 'scan':
      return { ...common, scan: { states: words(text('states')) as never } };
    case 'article': {
      const symbols = words(text('symbols'));
      const some = { rules: numbers(text('rules')), feeds: numbers(text('feeds')), symbols };
      return { ...common, article: some };
    }
    default: {
      const kinds = words(text('kinds')) as never;
      return { ...common, freshness: { kinds, after: text('after') } };
    }
  }
}

export function words(text: string | undefined): string[] | undefined {
  const found = (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
  return found.length === 0 ? undefined : found;
}

export function numbers(text: string | undefined): number[] | undefined {
  return words(text)?.map(Number);
}

/** How often it would have been told, and the first times. */
export async function preview(wish: AlertPreviewWish): Promise<Child> {
  const { alerts, series, looked, first } = await post<AlertPreview>('/api/v1/alerts/preview', {
    ...wish,
    range: '1d',
  });
  const times = alerts === 1 ? 'once' : `${whole(alerts)} times`;
  const told = alerts === 0 ? 'never' : `${times}, of ${whole(series)} series`;
  return [
    h('p', {}, `In the last day it would have been told ${told}; ${whole(looked)} were looked at.`),
    first.length > 0 &&
      table<(typeof first)[number]>({
        caption: 'The first that would have been told',
        rows: first.slice(0, 10),
        columns: [
          { label: 'Time', cell: ({ time }) => moment(time) },
          { label: 'Series', cell: (one) => one.series },
          { label: 'Value', number: true, cell: ({ value }) => price(value) },
          { label: 'Mean', number: true, cell: ({ average }) => price(average) },
        ],
      }).element,
  ];
}

function told({ secret, warnings, id }: MadeAlert): Child | undefined {
  if (secret === undefined && warnings.length === 0) {
    toast(`Alert ${id} is watched.`);
    return undefined;
  }
  return [secret !== undefined && secretShown(secret), warned(warnings)];
}

/** What keeps an alert from being told. */
export function warned(warnings: readonly string[]): Child {
  return warnings.map((warning) => h('p', { class: 'warning' }, warning));
}

/** A secret that is told this once. */
export function secretShown(secret: string): HTMLElement {
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(secret);
    toast('Copied.');
  };
  return h(
    'div',
    { class: 'secret' },
    h('p', {}, 'The secret that messages are signed with. It is told this once:'),
    h(
      'p',
      { class: 'row' },
      h('code', {}, secret),
      h('button', { type: 'button', onclick: copy }, 'Copy'),
    ),
  );
}
