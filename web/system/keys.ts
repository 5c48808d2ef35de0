import type { Key, Keys, KeyWish, MadeKey } from '../../client/types.ts';
import { post, send } from '../api.ts';
import { type Child, fill, h } from '../dom.ts';
import { keepKey, readKey } from '../key.ts';
import type { PageContext } from '../pages/page.ts';
import { button } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { confirmAction, openDialog } from '../parts/form.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import { when } from '../parts/when.ts';

const TONES = { live: 'good', expired: 'warn', revoked: 'none' } as const;

export async function showKeys(root: HTMLElement, { signal }: PageContext): Promise<void> {
  const settings = h('div');
  const list: Paged<Key> = paged<Key>({
    caption: 'Keys of the API',
    path: '/api/v1/keys',
    key: ({ id }) => id,
    empty: 'No keys: all of this machine may do everything.',
    signal,
    onAnswer: (answer) => fill(settings, settingsText((answer as unknown as Keys).settings)),
    columns: [
      { label: 'Name', cell: ({ name }) => name, by: ({ name }) => name },
      { label: 'Role', cell: ({ role }) => role, by: ({ role }) => role },
      { label: 'State', cell: ({ state }) => badge(state, TONES[state]), by: ({ state }) => state },
      { label: 'Begins with', wide: true, cell: ({ prefix }) => h('code', {}, prefix) },
      {
        label: 'Used',
        cell: ({ lastUsed }) => when(lastUsed, 'not yet'),
        by: ({ lastUsed }) => lastUsed,
      },
      { label: 'Expires', wide: true, cell: ({ expires }) => when(expires, 'never') },
      {
        label: 'Made',
        wide: true,
        cell: ({ created, createdBy }) => [when(created), ` by ${createdBy}`],
      },
      { label: 'Note', wide: true, cell: ({ note }) => note && h('span', { class: 'clip' }, note) },
      { label: 'Actions', cell: (key) => revokeButton(key, () => void list.refresh()) },
    ],
  });
  const add = h(
    'button',
    { type: 'button', class: 'main', onclick: () => addKey(list) },
    'Make a key',
  );
  root.append(card({ title: 'Keys', aside: add }, list.element, settings));
  await list.restart();
}

function settingsText(settings: Keys['settings']): Child {
  if (settings.length === 0) return null;
  const names = settings.map(({ name, role }) => `${name} (${role})`).join(', ');
  return h('p', { class: 'soft small' }, `Of the setting API_KEYS, changed there alone: ${names}`);
}

async function addKey(list: Paged<Key>): Promise<void> {
  await openDialog({
    title: 'Make a key',
    fields: [
      { kind: 'text', name: 'name', label: 'Name', placeholder: 'grafana' },
      {
        kind: 'choice',
        name: 'role',
        label: 'May',
        choices: [
          ['read', 'read'],
          ['write', 'read and change'],
          ['admin', 'everything, also make keys'],
        ],
      },
      {
        kind: 'text',
        name: 'expires',
        label: 'Expires',
        placeholder: 'never, or 90d',
        offers: ['30d', '90d', '365d'],
      },
      {
        kind: 'number',
        name: 'ratePerSecond',
        label: 'Requests a second',
        placeholder: 'as the setting says',
      },
      { kind: 'text', name: 'note', label: 'Note' },
    ],
    action: 'Make it',
    async submit({ name, role, expires, ratePerSecond, note }) {
      const made = await post<MadeKey>('/api/v1/keys', {
        ...{ name: String(name), role: role as KeyWish['role'] },
        ...(expires !== '' && { expires: String(expires) }),
        ...(ratePerSecond !== '' && { ratePerSecond: Number(ratePerSecond) }),
        ...(note !== '' && { note: String(note) }),
      });
      // The first key closes the API: this page goes on with it.
      const adopted = made.warnings.length > 0 && readKey() === undefined;
      if (adopted) keepKey(made.secret, { onDevice: false });
      void list.refresh();
      return told(made, adopted);
    },
  });
}

function told({ name, secret, warnings }: MadeKey, adopted: boolean): Child {
  return [
    h('p', {}, `The secret of ${name}. It is told this once:`),
    h('p', {}, h('code', { class: 'secret' }, secret)),
    warnings.map((warning) => h('p', { class: 'warning' }, warning)),
    adopted && h('p', {}, 'This tab uses it from now on.'),
  ];
}

function revokeButton({ id, name, state }: Key, done: () => void): Child {
  if (state !== 'live') return null;
  return button({
    label: 'Revoke',
    about: `Revoke the key ${name}`,
    class: 'danger',
    async act() {
      const sure = await confirmAction(
        `Revoke ${name}?`,
        'It opens nothing from now on.',
        'Revoke',
      );
      if (!sure) return undefined;
      await send('DELETE', `/api/v1/keys/${id}`);
      done();
      return `The key ${name} is revoked.`;
    },
  });
}
