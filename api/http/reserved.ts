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

/** Whether a path's first segment belongs to the API itself. */
export function isReserved(segment: string): boolean {
  return RESERVED.has(segment.toLowerCase());
}
