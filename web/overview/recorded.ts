/** Choosing what is recorded: exchanges and pairs. */
import type { Exchange, Metric } from '../../client/types.ts';
import { get, Problem, patch, post, remove } from '../api.ts';
import { lengthWords } from '../format.ts';
import { openDialog } from '../parts/form.ts';
import { toast } from '../parts/toast.ts';

const INTERVAL_HINT = 'Whole seconds that divide an hour, from 1s to 1h.';

/** Asks what to change of an exchange; what it then is, undefined when nothing was changed. */
export async function changeExchange(exchange: Exchange): Promise<Exchange | undefined> {
  let now: Exchange | undefined;
  const name = exchange.exchange;
  await openDialog({
    title: `What is taken of ${name}`,
    about: 'From the next slot on; what is recorded already stays.',
    fields: [
      { kind: 'check', name: 'enabled', label: 'Take its prices', value: exchange.enabled },
      {
        ...{ kind: 'text', name: 'interval', label: 'How often', value: exchange.interval },
        hint: INTERVAL_HINT,
      },
      {
        ...{ kind: 'choice', name: 'mode', label: 'How', value: exchange.mode },
        choices: [
          ['poll', 'by asking at each slot'],
          ['stream', 'by its stream, where it has one'],
        ],
      },
    ],
    action: 'Save',
    async submit({ enabled, interval, mode }) {
      const change = {
        ...(enabled !== exchange.enabled && { enabled }),
        ...(interval !== exchange.interval && { interval }),
        ...(mode !== exchange.mode && { mode }),
      };
      if (Object.keys(change).length === 0) return undefined;
      now = await patch<Exchange>(`/api/v1/exchanges/${encodeURIComponent(name)}`, change);
      toast(
        `${name}: ${now.enabled ? `taken every ${lengthWords(now.interval)}` : 'switched off'}`,
      );
      return undefined;
    },
  });
  return now;
}

/** True when one was added. */
export function addExchange(): Promise<boolean> {
  return openDialog({
    title: 'Add an exchange',
    fields: [
      {
        ...{ kind: 'text', name: 'exchange', label: 'Exchange', placeholder: 'kraken' },
        required: true,
      },
      {
        ...{ kind: 'text', name: 'interval', label: 'How often', placeholder: '1m' },
        hint: `${INTERVAL_HINT} Empty: as the others.`,
      },
    ],
    action: 'Add',
    async submit({ exchange, interval }) {
      const wish = { exchange, ...(interval !== '' && { interval }) };
      const added = await post<Exchange>('/api/v1/exchanges', wish);
      toast(`${added.exchange} is taken every ${lengthWords(added.interval)}`);
      return undefined;
    },
  });
}

export function switchPair(pair = ''): Promise<boolean> {
  return openDialog({
    title: 'Switch a pair on or off',
    about: 'On every exchange, from the next slot on. What is recorded already stays.',
    fields: [
      {
        ...{ kind: 'text', name: 'pair', label: 'Pair', placeholder: 'BTC/USD', value: pair },
        required: true,
      },
      {
        ...{ kind: 'choice', name: 'wish', label: 'Its prices', value: 'on' },
        choices: [
          ['on', 'are recorded'],
          ['off', 'are not recorded'],
        ],
      },
    ],
    action: 'Save',
    async submit({ pair: name, wish }) {
      if (wish === 'on') await post('/api/v1/metrics', { pair: name, metric: 'price' });
      else await switchOff(String(name));
      toast(`${name} is ${wish === 'on' ? '' : 'not '}recorded`);
      return undefined;
    },
  });
}

async function switchOff(pair: string): Promise<void> {
  const query = { pair, metric: 'price' };
  const [metric] = await get<readonly Metric[]>('/api/v1/metrics', query);
  if (metric !== undefined) return remove(`/api/v1/metrics/${metric.id}`);
  throw new Problem(404, 'not-found', `${pair} is not recorded.`, { field: 'pair' });
}
