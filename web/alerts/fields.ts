/** The fields of the dialogs about alerts: what it is about, how it is told, where it is sent. */
import type { Alert } from '../../client/types.ts';
import type { Field, Values } from '../parts/form.ts';

/** What a dialog begins with, as when it is opened from a pair's page. */
export interface AlertStart {
  readonly pairs?: string;
}

/** Kinds of alerts, as one says what an alert is about. */
export const KIND_NAMES: Readonly<Record<Exclude<Alert['kind'], 'canary'>, string>> = {
  ratio: 'values far from their mean',
  threshold: 'values above or below a limit',
  scan: 'monitors that go down',
  article: 'articles that a rule matches',
  freshness: 'prices that do not come',
};

const of =
  (...kinds: readonly string[]) =>
  (values: Values): boolean =>
    kinds.includes(String(values.kind));

export function subjectFields({ pairs }: AlertStart = {}): Field[] {
  return [
    {
      kind: 'choice',
      name: 'kind',
      label: 'About',
      choices: Object.entries(KIND_NAMES),
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

export const manners: readonly Field[] = [
  {
    kind: 'text',
    name: 'for',
    label: 'Only when it lasts',
    placeholder: 'at once',
    shown: of('ratio', 'threshold'),
  },
  {
    kind: 'choice',
    name: 'notify',
    label: 'Told',
    choices: [
      ['window', 'once in each window'],
      ['incident', 'once until it is over'],
    ],
  },
  {
    kind: 'check',
    name: 'resolve',
    label: 'Tell the end as well',
    shown: of('ratio', 'threshold', 'scan', 'freshness'),
  },
  { kind: 'text', name: 'name', label: 'Name', placeholder: 'made of what it is about' },
];

const to =
  (kind: string) =>
  (values: Values): boolean =>
    values.to === kind;

export const receivers: readonly Field[] = [
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
