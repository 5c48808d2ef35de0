import type { Feed, FeedCheck, FeedImport } from '../../client/types.ts';
import { patch, post, remove, send } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { lengthMs, lengthWords, whole } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { button } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { type Field, openDialog, type Values } from '../parts/form.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { showDialog } from '../parts/show.ts';
import { card } from '../parts/state.ts';
import { toast } from '../parts/toast.ts';
import { when } from '../parts/when.ts';
import { hashOf } from '../router.ts';
import { every, gently } from '../time.ts';

const LOOK_MS = 5_000;
const OPML = 'text/x-opml';
const TONES = { new: 'none', ok: 'good', failing: 'bad', gone: 'bad' } as const;

export async function showFeeds(root: HTMLElement, { signal }: PageContext): Promise<void> {
  const list: Paged<Feed> = paged<Feed>({
    caption: 'Feeds',
    path: '/api/v1/feeds',
    key: ({ id }) => id,
    empty: 'No feeds. Add one, or a list of them as OPML.',
    signal,
    columns: [
      { label: 'Feed', cell: nameOf, by: ({ name, title, url }) => name ?? title ?? url },
      { label: 'State', cell: stateOf, by: ({ state }) => state },
      { label: 'Checked', wide: true, cell: ({ lastCheck }) => when(lastCheck) },
      { label: 'Next', wide: true, cell: nextOf, by: ({ due }) => due },
      {
        label: 'Every',
        number: true,
        wide: true,
        cell: ({ intervalNow }) => lengthWords(intervalNow),
        by: ({ intervalNow }) => lengthMs(intervalNow ?? ''),
      },
      {
        label: 'Articles',
        number: true,
        wide: true,
        cell: ({ articles }) => whole(articles),
        by: ({ articles }) => articles,
      },
      { label: 'Actions', cell: (feed) => actionsOf(feed, () => void list.refresh()) },
    ],
  });
  const aside = h(
    'div',
    { class: 'row' },
    h('button', { type: 'button', class: 'main', onclick: () => addFeed(list) }, 'Add a feed'),
    importButton(list),
    exportButton(),
  );
  root.append(card({ title: 'Feeds', aside }, list.element));
  onEvents(['article'], signal, gently(LOOK_MS, signal, list.refresh));
  every(LOOK_MS, signal, list.refresh);
  await list.restart();
}

function nameOf({ id, name, title, url, warnings, damage }: Feed): Child {
  const link = h(
    'a',
    { href: hashOf(['news'], { feed: String(id) }), class: 'clip' },
    name ?? title ?? url,
  );
  const trouble = [...warnings, ...damage].map((text) =>
    h('span', { class: 'warning clip small' }, text),
  );
  return [link, h('span', { class: 'clip soft small' }, url), trouble];
}

function stateOf({ active, state, reason, message, failures }: Feed): Child {
  if (!active) return badge('off');
  const wrong = state === 'failing' || state === 'gone';
  const why = wrong ? `${message ?? reason ?? ''}${failures > 1 ? `, ${failures} times` : ''}` : '';
  return [badge(state, TONES[state]), h('span', { class: 'clip soft small' }, why)];
}

function nextOf({ active, checking, due, why }: Feed): Child {
  if (checking) return badge('checking');
  return active && [when(due, '–'), h('span', { class: 'clip soft small' }, why ?? '')];
}

function actionsOf(feed: Feed, done: () => void): HTMLElement {
  const { id, active } = feed;
  const path = `/api/v1/feeds/${id}`;
  const act = (label: string, run: () => Promise<string | undefined>): HTMLElement => {
    return button({
      label,
      about: `${label}: feed ${id}`,
      async act() {
        const told = await run();
        done();
        return told;
      },
    });
  };
  const check = act('Check now', async () => {
    const { checking } = await post<FeedCheck>(`${path}/check`);
    return checking ? 'A check is under way.' : 'It is checked as soon as its host may be asked.';
  });
  const edit = act('Edit', async () => {
    await editFeed(feed);
    return undefined;
  });
  const off = act('Switch off', async () => {
    await remove(path);
    return 'The feed is off; its articles stay.';
  });
  const on = act('Switch on', async () => {
    await patch<Feed>(path, { active: true });
    return 'The feed is watched again.';
  });
  return h('span', { class: 'row tight' }, active ? [check, edit, off] : on);
}

function settingFields(feed?: Feed): Field[] {
  return [
    {
      kind: 'text',
      name: 'name',
      label: 'Name',
      value: feed?.name ?? '',
      placeholder: 'its own title',
    },
    {
      kind: 'text',
      name: 'interval',
      label: 'Interval',
      value: feed?.interval ?? '',
      placeholder: 'adapts to the feed',
      offers: ['30s', '1m', '5m', '15m', '1h'],
    },
    {
      kind: 'choice',
      name: 'fetch',
      label: 'Read the pages of',
      value: feed?.fetch ?? 'matched',
      choices: [
        ['matched', 'articles that a rule matches, or needs the text of'],
        ['always', 'all articles'],
        ['never', 'none'],
      ],
    },
    {
      kind: 'choice',
      name: 'store',
      label: 'Keep',
      value: feed?.store ?? 'full',
      choices: [
        ['full', 'the whole text'],
        ['excerpt', 'an excerpt'],
      ],
    },
  ];
}

function settingsOf({ name, interval, fetch, store }: Values) {
  return { name: name || null, interval: interval || null, fetch, store };
}

async function addFeed(list: Paged<Feed>): Promise<void> {
  await openDialog({
    title: 'Add a feed',
    about: 'RSS, RDF, Atom or JSON Feed. It is checked at once.',
    fields: [
      { kind: 'url', name: 'url', label: 'URL', placeholder: 'https://news.example/rss' },
      ...settingFields(),
    ],
    action: 'Add',
    async submit(values) {
      const { warnings } = await post<Feed>('/api/v1/feeds', {
        url: values.url,
        ...settingsOf(values),
      });
      void list.refresh();
      if (warnings.length > 0) return warnings.map((text) => h('p', { class: 'warning' }, text));
      toast('The feed is there; it is checked at once.');
      return undefined;
    },
  });
}

async function editFeed(feed: Feed): Promise<void> {
  await openDialog({
    title: 'Change the feed',
    about: feed.url,
    fields: settingFields(feed),
    action: 'Save',
    async submit(values) {
      await patch<Feed>(`/api/v1/feeds/${feed.id}`, settingsOf(values));
      toast('The feed is changed.');
      return undefined;
    },
  });
}

function importButton(list: Paged<Feed>): HTMLElement {
  const input = h('input', { type: 'file', accept: '.opml,.xml', class: 'unseen', tabindex: -1 });
  input.setAttribute('aria-label', 'A list of feeds as OPML');
  const pick = button({
    label: 'Import OPML',
    async act() {
      input.click();
      return undefined;
    },
  });
  const take = async (file: File): Promise<void> => {
    const upload = { type: OPML, text: await file.text() };
    const answer = await send('POST', '/api/v1/feeds/opml', { upload });
    showImport((await answer.json()) as FeedImport);
    await list.refresh();
  };
  input.addEventListener('change', async () => {
    const [file] = input.files ?? [];
    if (file === undefined) return;
    try {
      await take(file);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'bad');
    } finally {
      input.value = '';
    }
  });
  return h('span', {}, input, pick);
}

function showImport({ added, known, refused, damage }: FeedImport): void {
  showDialog(
    'The list is read',
    h(
      'p',
      {},
      `${whole(added)} added, ${whole(known)} known already, ${whole(refused.length)} refused.`,
    ),
    refused.length > 0 &&
      h(
        'ul',
        {},
        refused.slice(0, 100).map(({ url, why }) => h('li', {}, `${url}: ${why}`)),
      ),
    damage.map((text) => h('p', { class: 'warning' }, text)),
  );
}

function exportButton(): HTMLElement {
  return button({
    label: 'Export OPML',
    async act() {
      const answer = await send('GET', '/api/v1/feeds/opml', { accept: '*/*' });
      const href = URL.createObjectURL(await answer.blob());
      h('a', { href, download: 'tidemark-feeds.opml' }).click();
      URL.revokeObjectURL(href);
      return undefined;
    },
  });
}
