/** The dialog that makes alerts: its fields, and the wish that they come to. */
import type { AlertPreview, AlertPreviewWish, AlertWish, MadeAlert } from '../../client/types.ts';
import { post } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { moment, price, whole } from '../format.ts';
import { type Field, openDialog, type Values } from '../parts/form.ts';
import { table } from '../parts/table.ts';
import { toast } from '../parts/toast.ts';

/** What a dialog begins with, as when it is opened from a pair's page. */
export interface AlertStart {
  readonly pairs?: string;
}

/** Resolves to the alert, undefined when the dialog was closed. */
export async function addAlert(start: AlertStart = {}): Promise<MadeAlert | undefined> {
  let made: MadeAlert | undefined;
  await openDialog({
    title: 'Add an alert',
    fields: [...subjectFields(start), ...manners, ...receivers],
    action: 'Add',
    preview: { label: 'Preview the last day', run: preview },
    async submit(values) {
      made = await post<MadeAlert>('/api/v1/alerts', { ...wishOf(values), ...receiverOf(values) });
      return told(made);
    },
  });
  return made;
}

const of =
  (...kinds: readonly string[]) =>
  (values: Values): boolean =>
    kinds.includes(String(values.kind));

function subjectFields({ pairs }: AlertStart): Field[] {
  return [
    {
      kind: 'choice',
      name: 'kind',
      label: 'About',
      choices: [
        ['ratio', 'values far from their mean'],
        ['threshold', 'values above or below a limit'],
        ['scan', 'monitors that go down'],
        ['article', 'articles that a rule matches'],
        ['freshness', 'prices that do not come'],
      ],
    },
    ...numberFields,
    {
      ...list('pairs', 'Pairs', 'btcusd, etheur; empty: all'),
      ...(pairs !== undefined && { value: pairs }),
      shown: of('ratio', 'threshold', 'freshness'),
    },
    {
      ...list('exchanges', 'Exchanges', 'kraken; empty: all'),
      shown: of('ratio', 'threshold', 'freshness'),
    },
    { ...list('monitors', 'Monitors', 'numbers; empty: all'), shown: of('scan', 'threshold') },
    ...otherFields,
  ];
}

const numberFields: readonly Field[] = [
  {
    kind: 'choice',
    name: 'metric',
    label: 'Of',
    choices: [
      ['price,volume', 'price and volume'],
      ...['price', 'volume', 'bid', 'ask', 'quote_volume', 'latency'].map(
        (name) => [name, name === 'latency' ? 'latency, of monitors' : name] as const,
      ),
    ],
    shown: of('ratio', 'threshold'),
  },
  {
    kind: 'choice',
    name: 'direction',
    label: 'When it is',
    choices: [
      ['above', 'so many times above its mean'],
      ['below', 'so many times below its mean'],
      ['either', 'either'],
    ],
    shown: of('ratio'),
  },
  { kind: 'number', name: 'factor', label: 'Factor', value: 3, shown: of('ratio') },
  {
    kind: 'text',
    name: 'window',
    label: 'Mean of the last',
    value: '1h',
    offers: ['5m', '15m', '1h', '4h', '1d'],
    shown: of('ratio'),
  },
  { kind: 'number', name: 'above', label: 'Above', shown: of('threshold') },
  { kind: 'number', name: 'below', label: 'Below', shown: of('threshold') },
];

const otherFields: readonly Field[] = [
  {
    kind: 'choice',
    name: 'states',
    label: 'That go',
    choices: [
      ['down,unknown', 'down or unknown'],
      ['down', 'down'],
      ['down,up', 'down, and up again'],
      ['down,unknown,up', 'into any state'],
    ],
    shown: of('scan'),
  },
  { ...list('rules', 'Rules', 'numbers; empty: any'), shown: of('article') },
  { ...list('feeds', 'Feeds', 'numbers; empty: any'), shown: of('article') },
  { ...list('symbols', 'Symbols', 'BTC, ETH; empty: any'), shown: of('article') },
  {
    kind: 'choice',
    name: 'kinds',
    label: 'That are',
    choices: [
      ['absent', 'absent'],
      ['absent,late,frozen', 'absent, late or frozen'],
      ['late', 'late'],
      ['frozen', 'frozen: the same all the time'],
    ],
    shown: of('freshness'),
  },
  { kind: 'text', name: 'after', label: 'For', value: '10m', shown: of('freshness') },
];

const manners: readonly Field[] = [
  { kind: 'text', name: 'for', label: 'Only when it lasts', placeholder: 'at once' },
  {
    kind: 'choice',
    name: 'notify',
    label: 'Told',
    choices: [
      ['window', 'once in each window'],
      ['incident', 'once until it is over'],
    ],
  },
  { kind: 'check', name: 'resolve', label: 'Tell the end as well' },
  { kind: 'text', name: 'name', label: 'Name', placeholder: 'made of what it is about' },
];

const to =
  (kind: string) =>
  (values: Values): boolean =>
    values.to === kind;

const receivers: readonly Field[] = [
  {
    kind: 'choice',
    name: 'to',
    label: 'Send to',
    choices: [
      ['webhook', 'a webhook'],
      ['slack', 'Slack'],
      ['email', 'e-mail'],
      ['pagerduty', 'PagerDuty'],
    ],
  },
  {
    kind: 'url',
    name: 'webhook',
    label: 'URL of the webhook',
    placeholder: 'https://example.com/hook',
    hint: 'It has to answer a confirming message with a status from 200 to 299.',
    shown: to('webhook'),
  },
  {
    kind: 'url',
    name: 'slack',
    label: 'URL of the incoming webhook',
    placeholder: 'https://hooks.slack.com/services/…',
    shown: to('slack'),
  },
  {
    kind: 'email',
    name: 'email',
    label: 'Address',
    hint: 'A link in a first message has to be followed.',
    shown: to('email'),
  },
  { kind: 'text', name: 'pagerduty', label: 'Integration key', shown: to('pagerduty') },
  {
    kind: 'choice',
    name: 'region',
    label: 'Region',
    choices: [
      ['us', 'US'],
      ['eu', 'EU'],
    ],
    shown: to('pagerduty'),
  },
];

function list(name: string, label: string, placeholder: string) {
  return { kind: 'text', name, label, placeholder } as const;
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
    resolve: values.resolve === true,
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

async function preview(values: Values): Promise<Child> {
  const wish = { ...wishOf(values), range: '1d' };
  const { alerts, series, looked, first } = await post<AlertPreview>(
    '/api/v1/alerts/preview',
    wish,
  );
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
  return [
    secret !== undefined && secretShown(secret),
    warnings.map((warning) => h('p', { class: 'warning' }, warning)),
  ];
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
