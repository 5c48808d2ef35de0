/**
 * First words of paths that are, or will be, something else than a pair. They can never be pairs,
 * so that a new part of the API takes no pair's address away.
 */
const RESERVED: ReadonlySet<string> = new Set([
  'healthz',
  'readyz',
  'metrics',
  'openapi.json',
  'docs',
  'api',
  'feeds',
  'monitors',
  'rules',
  'articles',
  'jobs',
  'alerts',
  'channels',
  'tasks',
  'ws',
  'events',
  'silences',
  'deliveries',
  'keys',
  'audit',
  'flux',
  'assets',
  'favicon.ico',
  'robots.txt',
]);

/** Those of them that are below `/api/v1` alone. */
const VERSIONED: ReadonlySet<string> = new Set([
  'backfills',
  'exchanges',
  'movers',
  'pairs',
  'ranks',
]);

/** Whether a path's first segment belongs to the API itself. */
export function isReserved(segment: string): boolean {
  const word = segment.toLowerCase();
  return RESERVED.has(word) || VERSIONED.has(word);
}

/** Where it is what somebody looks for at the path, who left `/api/v1` away; else undefined. */
export function versionedPath(path: string): string | undefined {
  const word = path.split('/')[1]?.toLowerCase() ?? '';
  return VERSIONED.has(word) ? `/api/v1${path}` : undefined;
}
