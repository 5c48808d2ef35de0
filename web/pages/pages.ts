/** The pages of the dashboard, in the order of the navigation. Each is begun when it is opened. */
import type { Page } from './page.ts';

export interface Entry {
  /** First word of the address; '' is the first page. */
  readonly word: string;
  /** In the navigation; undefined: reached from elsewhere. */
  readonly label: string | undefined;
  load(): Promise<{ readonly page: Page }>;
}

export const entries: readonly Entry[] = [
  { word: '', label: 'Overview', load: () => import('./overview.ts') },
  { word: 'pair', label: undefined, load: () => import('./pair.ts') },
  { word: 'monitors', label: 'Monitors', load: () => import('./monitors.ts') },
  { word: 'news', label: 'News', load: () => import('./news.ts') },
  { word: 'alerts', label: 'Alerts', load: () => import('./alerts.ts') },
  { word: 'system', label: 'System', load: () => import('./system.ts') },
  { word: 'flux', label: 'Flux', load: () => import('./flux.ts') },
];
