import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../core/paths.ts';

/**
 * Where the pages of mozilla/readability's tests are: a folder for each, with `source.html` and
 * `expected.html`. Undefined where there are none.
 */
export function pagesFolder(): string | undefined {
  const feeds = join(projectRoot, '..', 'shared', 'data', 'feeds');
  return ['readability', 'readability/test-pages', 'readability/test/test-pages']
    .map((path) => join(feeds, path))
    .find((path) => existsSync(join(path, '001', 'source.html')));
}
