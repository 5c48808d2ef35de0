import type { Channel, RotatedChannel } from '../../client/types.ts';
import { post } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { whole } from '../format.ts';
import { button } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { showDialog } from '../parts/show.ts';
import { when } from '../parts/when.ts';
import { secretShown } from './wish.ts';

const TONES = { active: 'good', unconfirmed: 'warn', disabled: 'none' } as const;

export function channelList(signal: AbortSignal): Paged<Channel> {
  const list: Paged<Channel> = paged<Channel>({
    caption: 'Channels',
    path: '/api/v1/channels',
    key: ({ id }) => id,
    empty: 'No channels. An alert makes the one that it is sent to.',
    pageRows: 10,
    signal,
    columns: [
      { label: 'Nr', number: true, cell: ({ id }) => id, by: ({ id }) => id },
      { label: 'Kind', wide: true, cell: ({ kind }) => kind, by: ({ kind }) => kind },
      { label: 'Address', cell: ({ shown }) => h('span', { class: 'clip' }, shown) },
      { label: 'State', cell: stateOf, by: ({ state }) => state },
      { label: 'Delivered', number: true, wide: true, cell: ({ delivered }) => whole(delivered) },
      { label: 'Failing', wide: true, cell: failingOf },
      { label: 'Actions', cell: (channel) => actionsOf(channel, () => void list.refresh()) },
    ],
  });
  return list;
}

function stateOf({ state, reason }: Channel): Child {
  return h(
    'span',
    { class: 'row tight' },
    badge(state, TONES[state]),
    reason && h('span', { class: 'soft' }, reason),
  );
}

function failingOf({ failures, failingSince }: Channel): Child {
  return failures === 0 ? '–' : [`${failures} times, since `, when(failingSince)];
}

function actionsOf({ id, kind, state }: Channel, done: () => void): HTMLElement {
  const path = `/api/v1/channels/${id}`;
  const change = (label: string, verb: string, told: string) => {
    return button({
      label,
      about: `${label}: channel ${id}`,
      async act() {
        await post(`${path}/${verb}`);
        done();
        return told;
      },
    });
  };
  const rotate = button({
    label: 'New secret',
    about: `New secret for channel ${id}`,
    async act() {
      const { secret } = await post<RotatedChannel>(`${path}/rotate`, {});
      showDialog(
        'A new secret',
        secretShown(secret),
        h('p', {}, 'For a day messages are signed with both.'),
      );
      done();
      return undefined;
    },
  });
  return h(
    'span',
    { class: 'row tight' },
    state !== 'active' &&
      change(state === 'disabled' ? 'Enable' : 'Ask again', 'enable', 'It is asked to confirm.'),
    state !== 'disabled' && change('Disable', 'disable', 'The channel is switched off.'),
    kind === 'webhook' && rotate,
  );
}
