/** Watching a pair: an alert on its price, a rule for news of its base. */
import type { MadeAlert } from '../../client/types.ts';
import { Problem, post } from '../api.ts';
import { h } from '../dom.ts';
import { openDialog } from '../parts/form.ts';
import { toast } from '../parts/toast.ts';
import { nameOf, type Subject } from './pair.ts';

const ADDRESSES = [
  ['webhook', 'a webhook (URL)'],
  ['slack', 'Slack (URL of an incoming webhook)'],
  ['email', 'an e-mail address'],
  ['pagerduty', 'PagerDuty (integration key)'],
] as const;

export function addAlert(subject: Subject): Promise<boolean> {
  return openDialog({
    title: `An alert for ${nameOf(subject)}`,
    fields: [
      {
        ...{ kind: 'choice', name: 'when', label: 'When a price is', value: 'above' },
        choices: [
          ['above', 'above a limit'],
          ['below', 'below a limit'],
          ['factor', 'so many times the mean of the hour before'],
        ],
      },
      { kind: 'number', name: 'value', label: 'Limit, or how many times', required: true },
      { kind: 'choice', name: 'by', label: 'Told by', value: 'webhook', choices: ADDRESSES },
      { kind: 'text', name: 'to', label: 'Where to', required: true },
    ],
    action: 'Add',
    async submit({ when, value, by, to }) {
      if (value === '')
        throw new Problem(400, 'invalid', 'A number is needed.', { field: 'value' });
      if (to === '') throw new Problem(400, 'invalid', 'An address is needed.', { field: 'to' });
      const pairs = [subject.pair];
      const wish = { [String(by)]: to, [String(when)]: Number(value), pairs, metric: 'price' };
      const made = await postWish(wish, { [String(by)]: 'to', [String(when)]: 'value' });
      toast(`Alert ${made.id}: ${made.name}`);
      if (made.secret === undefined) return undefined;
      return h(
        'div',
        {},
        h('p', {}, 'Messages are signed with this secret. It is shown this once:'),
        h('pre', { class: 'secret' }, made.secret),
      );
    },
  });
}

/** What the API says of a field of its own is said at ours. */
async function postWish(wish: object, ours: Readonly<Record<string, string>>): Promise<MadeAlert> {
  try {
    return await post<MadeAlert>('/api/v1/alerts', wish);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const field = ours[String(error.details.field ?? error.details.parameter)];
    if (field === undefined) throw error;
    throw new Problem(error.status, error.code, error.message, { ...error.details, field });
  }
}

export function addRule(subject: Subject): Promise<boolean> {
  const symbol = subject.base.toUpperCase();
  return openDialog({
    title: `A rule for news of ${symbol}`,
    about: 'Articles that it matches are marked, and their pages are read.',
    fields: [
      { kind: 'text', name: 'name', label: 'Name', value: `${symbol} in the news`, required: true },
      {
        ...{ kind: 'text', name: 'query', label: 'Articles with', value: `$${symbol}` },
        hint: 'Words, "phrases", $SYMBOLS, with AND, OR, NOT and parentheses.',
        required: true,
      },
    ],
    action: 'Add',
    async submit({ name, query }) {
      const rule = await post<{ readonly id: number }>('/api/v1/rules', { name, query });
      toast(`Rule ${rule.id}: ${name}`);
      return undefined;
    },
  });
}
