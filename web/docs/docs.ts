/** The reference of the API: `/openapi.json` as a page. */
import { byId, fill, h } from '../dom.ts';
import { forgetKey, keepKey, readKey } from '../key.ts';
import { type Chapter, chaptersOf, type OpenApi, type Place, speaksOf } from './document.ts';
import { operationView } from './operation-view.ts';
import { prose } from './schema-view.ts';

interface Shown {
  readonly place: Place;
  readonly box: HTMLDetailsElement;
  readonly link: HTMLElement;
}

interface ShownChapter {
  readonly section: HTMLElement;
  readonly links: HTMLElement;
  readonly operations: readonly Shown[];
}

async function start(): Promise<void> {
  const main = byId('content');
  connectKey();
  try {
    const answer = await fetch('/openapi.json');
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    show((await answer.json()) as OpenApi, main);
  } catch (error) {
    const why = (error as Error).message;
    fill(main, h('p', { class: 'state bad' }, `/openapi.json cannot be read: ${why}`));
  }
}

function show(document: OpenApi, main: HTMLElement): void {
  const { info } = document;
  const chapters = chaptersOf(document).map((chapter) => chapterView(chapter, document));
  fill(
    main,
    h(
      'div',
      { class: 'page' },
      h('h1', {}, `${info.title} API `, h('span', { class: 'soft' }, info.version)),
      h(
        'div',
        { class: 'card about' },
        info.description.split('\n\n').map((text) => h('p', {}, prose(text))),
        h('p', {}, h('a', { href: '/openapi.json' }, 'openapi.json'), ' is the same for programs.'),
      ),
      chapters.map(({ section }) => section),
      h('p', { id: 'nothing', class: 'state', hidden: true }, 'Nothing of the API speaks of that.'),
    ),
  );
  // On narrow screens it is closed at first: the content comes before the list of it.
  const wide = matchMedia('(min-width: 801px)').matches;
  const list = h(
    'details',
    { open: wide },
    h('summary', {}, 'Chapters'),
    chapters.map(({ links }) => links),
  );
  fill(window.document.querySelector('.chapters')!, list);
  connectSearch(chapters);
  openNamed();
  addEventListener('hashchange', openNamed);
}

function chapterView(chapter: Chapter, document: OpenApi): ShownChapter {
  const { name, description, places } = chapter;
  const operations = places.map((place) => {
    const { method, path, operation } = place;
    const text = [h('span', { class: `method ${method.toLowerCase()}` }, method), ' ', path];
    const link = h('li', {}, h('a', { href: `#${operation.operationId}` }, text));
    return { place, link, box: operationView(place, document) };
  });
  const section = h(
    'section',
    { 'aria-label': name },
    h('h2', {}, name),
    h('p', { class: 'soft' }, prose(description)),
    operations.map(({ box }) => box),
  );
  const list = h(
    'ul',
    {},
    operations.map(({ link }) => link),
  );
  return { section, links: h('div', {}, h('b', {}, name), list), operations };
}

/** Leaves what speaks of the words; all of it when there are none. */
function connectSearch(chapters: readonly ShownChapter[]): void {
  const search = byId<HTMLInputElement>('search');
  search.addEventListener('input', () => {
    const words = search.value.trim();
    let count = 0;
    for (const { section, links, operations } of chapters) {
      const found = operations.filter(({ place }) => speaksOf(place, words));
      for (const { box, link } of operations) box.hidden = link.hidden = true;
      for (const { box, link } of found) box.hidden = link.hidden = false;
      section.hidden = links.hidden = found.length === 0;
      count += found.length;
    }
    byId('nothing').hidden = count > 0;
    byId('found').textContent = `${count} operations`;
  });
}

/** Opens the operation that the address names. */
function openNamed(): void {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.open = true;
  named.scrollIntoView();
  named.querySelector('summary')?.focus({ preventScroll: true });
}

function connectKey(): void {
  const button = byId('key');
  const dialog = byId<HTMLDialogElement>('key-dialog');
  const secret = byId<HTMLInputElement>('secret');
  const tell = (): void => {
    button.textContent = readKey() === undefined ? 'Key' : 'Key ✓';
  };
  button.addEventListener('click', () => {
    dialog.returnValue = '';
    secret.value = '';
    dialog.showModal();
  });
  dialog.addEventListener('close', () => {
    if (dialog.returnValue === 'keep' && secret.value !== '')
      keepKey(secret.value, { onDevice: false });
    if (dialog.returnValue === 'forget') forgetKey();
    secret.value = '';
    tell();
  });
  tell();
}

await start();
