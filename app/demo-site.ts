import { TidemarkError } from '../core/errors.ts';

export interface DemoSite {
  readonly feeds: readonly string[];
  readonly pages: readonly string[];
}

/** Of what an earlier demo watched: its site had another port. */
const TAG = 'demo:site';
/** What is read out of a page, by its path. */
const PATTERNS: Readonly<Record<string, string>> = {
  '/pages/gold': 'id="gold">(?P<gold>[0-9.]+)',
};
const RULE = { name: 'Bitcoin in the news', query: 'bitcoin OR $BTC' };

/** Has the API watch the demo's feeds and pages, and no others of an earlier demo. */
export async function watchDemoSite(
  apiUrl: string,
  { feeds, pages }: DemoSite,
  secret: string | undefined,
): Promise<void> {
  const ask = async (path: string, method = 'GET', body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok)
      throw new TidemarkError('internal', `the demo cannot ${method} ${path}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const watch = async (kind: 'feeds' | 'monitors', urls: readonly string[]): Promise<void> => {
    const { items } = (await ask(`/${kind}?active=true&limit=1000&tag=${TAG}`)) as {
      items: { id: number; url: string }[];
    };
    for (const { id, url } of items) {
      if (!urls.includes(url)) await ask(`/${kind}/${id}`, 'DELETE');
    }
    const [name, value] = TAG.split(':') as [string, string];
    for (const url of urls) {
      const regexp = PATTERNS[new URL(url).pathname];
      const wish = { url, interval: '10s', tags: { [name]: value } };
      await ask(`/${kind}`, 'POST', { ...wish, ...(regexp !== undefined && { regexp }) });
    }
  };
  await watch('monitors', pages);
  const rules = (await ask('/rules?active=true&limit=1000')) as { items: { name: string }[] };
  if (!rules.items.some(({ name }) => name === RULE.name)) await ask('/rules', 'POST', RULE);
  await watch('feeds', feeds);
}
