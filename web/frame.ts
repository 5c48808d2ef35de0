/** What stands around every page: navigation, search for a pair, theme, key, connection. */
import { all, onKeyNeeded } from './api.ts';
import { byId, fill, h } from './dom.ts';
import { keepKey } from './key.ts';
import type { LiveState } from './live.ts';
import { entries } from './pages/pages.ts';
import { openDialog } from './parts/form.ts';
import { hashOf } from './router.ts';
import { later } from './time.ts';

const THEME = 'tidemark.theme';
const LIVE_TEXT: Readonly<Record<LiveState, string>> = {
  live: 'live',
  connecting: 'connecting',
  off: 'not live',
  idle: '',
};

export function buildFrame(): void {
  const links = entries.flatMap(({ word, label }) => {
    if (label === undefined) return [];
    return [h('a', { href: hashOf(word === '' ? [] : [word]), 'data-word': word }, label)];
  });
  const docs = h('a', { href: '/docs', class: 'outside' }, 'API');
  const nav = document.querySelector('.nav');
  if (nav !== null) {
    fill(nav, links, docs);
    // A window that is made narrow, or a telephone that is turned.
    new ResizeObserver(showPlace).observe(nav);
  }
  buildSkip();
  buildSearch();
  buildTheme();
  onKeyNeeded(askForKey);
}

/** What stands behind the # is the address of a page: the link past the others moves the focus. */
function buildSkip(): void {
  document.querySelector('.skip')?.addEventListener('click', (event) => {
    event.preventDefault();
    byId('content').focus();
  });
}

/** Marks where one is, for eyes and for screen readers. */
export function markPlace(word: string): void {
  for (const link of document.querySelectorAll<HTMLElement>('.nav a[data-word]')) {
    if (link.dataset.word === word) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  showPlace();
}

/** On narrow screens the links are a row that scrolls: the current one comes to its middle. */
function showPlace(): void {
  const nav = document.querySelector('.nav');
  const link = nav?.querySelector('[aria-current]');
  if (!nav || !link) return;
  // Of scrollIntoView the page would move too, where it is scrolled down.
  const row = nav.getBoundingClientRect();
  const { left, width } = link.getBoundingClientRect();
  nav.scrollLeft += left + width / 2 - (row.left + row.width / 2);
}

export function showLive(state: LiveState): void {
  const place = byId('live');
  place.className = `live ${state}`;
  place.textContent = LIVE_TEXT[state];
}

function buildSearch(): void {
  const input = byId<HTMLInputElement>('find');
  const list = byId('pairs');
  let asked = false;
  input.addEventListener('focus', async () => {
    if (asked) return;
    asked = true;
    try {
      const found = await all<{ pair: string }>('/api/v1/pairs', {}, 5000);
      fill(
        list,
        found.map(({ pair }) => h('option', { value: pair })),
      );
    } catch {
      // The search works without proposals; the next look at it tries again.
      asked = false;
    }
  });
  const go = (): void => {
    const pair = input.value.trim().toLowerCase();
    if (pair === '') return;
    input.value = '';
    location.hash = hashOf(['pair', pair]);
  };
  input.form?.addEventListener('submit', (event) => {
    event.preventDefault();
    go();
  });
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    const typing = target instanceof HTMLElement && target.matches('input, textarea, select');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.focus();
  });
}

function buildTheme(): void {
  const root = document.documentElement;
  const set = (theme: string): void => {
    if (theme === 'dark' || theme === 'light') root.dataset.theme = theme;
    else delete root.dataset.theme;
    later(0, () => document.dispatchEvent(new Event('theme')));
  };
  set(localStorage.getItem(THEME) ?? '');
  byId('theme').addEventListener('click', () => {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const shown = root.dataset.theme ?? (dark ? 'dark' : 'light');
    const next = shown === 'dark' ? 'light' : 'dark';
    localStorage.setItem(THEME, next);
    set(next);
  });
}

let asking: Promise<void> | undefined;

/** One dialog, however many requests want a key at once. */
function askForKey(why: string): Promise<void> {
  asking ??= openDialog({
    title: 'An API key, please',
    about: h(
      'p',
      {},
      why,
      ' This Tidemark answers to keys alone: ask whoever runs it, or see ',
      h('code', {}, 'tidemark keys --help'),
      '.',
    ),
    fields: [
      { kind: 'password', name: 'key', label: 'Key', required: true },
      { kind: 'check', name: 'keep', label: 'Keep it on this device' },
    ],
    action: 'Use it',
    async submit({ key, keep }) {
      if (key === '') throw new Error('A key is needed.');
      keepKey(String(key), { onDevice: keep === true });
      return undefined;
    },
  }).then((given) => {
    asking = undefined;
    if (!given) throw new Error('An API key is needed to see this.');
  });
  return asking;
}
