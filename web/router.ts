/** Addresses behind the `#`, so that no page takes a pair's address from the API. */

export interface Place {
  /** `#/pair/btcusd?exchange=kraken` is ['pair', 'btcusd']. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function hashOf(
  path: readonly string[],
  query: Readonly<Record<string, string>> = {},
): string {
  const found = Object.entries(query).filter(([, value]) => value !== '');
  const text = new URLSearchParams(found).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
