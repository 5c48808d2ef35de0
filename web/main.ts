/** The dashboard begins here: frame, address to page, live events. */
import { byId, h } from './dom.ts';
import { buildFrame, markPlace, showLive } from './frame.ts';
import { startLive } from './live.ts';
import { entries } from './pages/pages.ts';
import { failure, isLeft, loading, nothing } from './parts/state.ts';
import { hashOf, placeOf } from './router.ts';

const content = byId('content');
let current: AbortController | undefined;
let shown = '';

async function open(): Promise<void> {
  const { path, query } = placeOf(location.hash);
  const [word = '', ...rest] = path;
  current?.abort(new DOMException('left', 'AbortError'));
  const controller = new AbortController();
  current = controller;
  const moved = shown !== '' && shown !== word;
  shown = word || '/';
  markPlace(word);
  const root = h('div', { class: `page page-${word || 'overview'}` }, loading());
  content.replaceChildren(root);
  try {
    const entry = entries.find((candidate) => candidate.word === word);
    if (entry === undefined) {
      root.replaceChildren(
        nothing('There is no such page. ', h('a', { href: '#/' }, 'To the overview')),
      );
      return;
    }
    const { page } = await entry.load();
    if (controller.signal.aborted) return;
    document.title = `${rest[0] ? `${rest[0]} · ` : ''}${page.title} · Tidemark`;
    root.replaceChildren();
    if (moved) content.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    const { signal } = controller;
    const setQuery = (next: Readonly<Record<string, string>>): void => {
      history.replaceState(null, '', hashOf(path, next));
    };
    await page.build(root, { path: rest, query, signal, setQuery });
  } catch (error) {
    if (isLeft(error) || controller.signal.aborted) return;
    root.replaceChildren(failure(error, () => void open()));
  }
}

buildFrame();
window.addEventListener('hashchange', () => void open());
await open();
startLive(showLive);
