/** What the operations are about: the chapters of the reference. */

interface Chapter {
  readonly name: string;
  readonly description: string;
  /** First words of paths, without `/api/v1`. */
  readonly words: readonly string[];
}

const CHAPTERS: readonly Chapter[] = [
  {
    name: 'Prices',
    description: 'Prices of pairs, as they were written or in windows of any length.',
    words: ['{pair}', 'pairs'],
  },
  {
    name: 'Ranks',
    description: 'What moves most, over all exchanges or on one.',
    words: ['ranks', 'movers'],
  },
  {
    name: 'Exchanges',
    description: 'Whose prices are taken, how often, and how punctual they are.',
    words: ['exchanges', 'backfills'],
  },
  {
    name: 'Metrics',
    description: 'What is recorded of a pair, each under a number that it keeps for ever.',
    words: ['metrics'],
  },
  {
    name: 'Monitors',
    description: 'Pages that are scanned: state, phases, certificates.',
    words: ['monitors'],
  },
  {
    name: 'News',
    description: 'Feeds that are watched, rules that pick articles, and pages that are read.',
    words: ['feeds', 'rules', 'articles', 'jobs'],
  },
  {
    name: 'Alerts',
    description: 'What is told to whom: rules, channels, messages and silences.',
    words: ['alerts', 'channels', 'deliveries', 'silences'],
  },
  {
    name: 'Events',
    description: 'What happens, as a list and as it happens.',
    words: ['events', 'ws'],
  },
  {
    name: 'Flux',
    description: 'Scripts in the language of InfluxDB, run and checked.',
    words: ['flux', 'tasks'],
  },
  {
    name: 'Access',
    description: 'Keys that open the API, and who changed what.',
    words: ['keys', 'audit', 'me'],
  },
];

const SYSTEM = 'System';

/** In the order of the reference. */
export const tags: readonly { readonly name: string; readonly description: string }[] = [
  ...CHAPTERS.map(({ name, description }) => ({ name, description })),
  { name: SYSTEM, description: 'Health, readiness, metrics of the process, and this document.' },
];

/** The chapter of a path as OpenAPI writes it. */
export function tagOfPath(path: string): string {
  // Metrics of the process are at the root, those of pairs are not.
  if (path === '/metrics') return SYSTEM;
  const [, word = ''] = path.replace(/^\/api\/v1(?=\/)/, '').split('/');
  return CHAPTERS.find(({ words }) => words.includes(word))?.name ?? SYSTEM;
}
