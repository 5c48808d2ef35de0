/** Namespaces of feeds by the prefix that they have here; '' is RSS, whichever version. */
const KNOWN: Readonly<Record<string, string>> = {
  'http://www.w3.org/2005/atom': 'atom',
  'https://www.w3.org/2005/atom': 'atom',
  'http://purl.org/atom/ns#': 'atom',
  'http://purl.org/atom/': 'atom',
  'http://purl.org/dc/elements/1.1/': 'dc',
  'http://purl.org/dc/elements/1.0/': 'dc',
  'http://purl.org/dc/terms/': 'dcterms',
  'http://purl.org/rss/1.0/modules/content/': 'content',
  'http://purl.org/rss/1.0/modules/syndication/': 'sy',
  'http://search.yahoo.com/mrss': 'media',
  'http://search.yahoo.com/mrss/': 'media',
  'http://search.yahoo.com/rss/': 'media',
  'http://www.itunes.com/dtds/podcast-1.0.dtd': 'itunes',
  'http://example.com/dtds/podcast-1.0.dtd': 'itunes',
  'http://www.w3.org/1999/xhtml': 'xhtml',
  'http://www.w3.org/1999/02/22-rdf-syntax-ns#': 'rdf',
  'http://wellformedweb.org/commentapi/': 'wfw',
  'http://rssnamespace.org/feedburner/ext/1.0': 'feedburner',
  'http://purl.org/rss/1.0/modules/slash/': 'slash',
  'http://www.w3.org/xml/1998/namespace': 'xml',
  'http://purl.org/rss/1.0/': '',
  'http://my.netscape.com/rdf/simple/0.9/': '',
  'http://channel.netscape.com/rdf/simple/0.9/': '',
  'http://purl.org/net/rss1.1#': '',
  'http://backend.userland.com/rss': '',
  'http://backend.userland.com/rss2': '',
  'http://backend.userland.com/rss091': '',
  'http://backend.userland.com/rss092': '',
  'http://blogs.law.harvard.edu/tech/rss': '',
  'http://my.netscape.com/publish/formats/rss-0.91.dtd': '',
};

/** Prefixes that are taken for what they usually are where nobody declares them. */
const USUAL = new Set(Object.values(KNOWN));

/** On these a default namespace that is not RSS is a mistake: their children are RSS. */
const RSS_ROOTS = /^(rss|channel)$/;

/** The namespaces that hold at one place of a document. */
export class Namespaces {
  undeclared = false;
  #scope: ReadonlyMap<string, string> = new Map();
  #names = new Map<string, string>();
  readonly #outer: { scope: ReadonlyMap<string, string>; names: Map<string, string> }[] = [];

  /** Takes what an element declares; true if it did, and then it has to be left. */
  enter(raw: string, attributes: Readonly<Record<string, string>>): boolean {
    let inner: Map<string, string> | undefined;
    for (const key in attributes) {
      if (!key.startsWith('xmlns')) continue;
      const prefix = key === 'xmlns' ? '' : key.startsWith('xmlns:') ? key.slice(6) : undefined;
      if (prefix === undefined) continue;
      const uri = (attributes[key] ?? '').trim().toLowerCase();
      // An unknown namespace has a prefix that nobody looks for.
      const known = KNOWN[uri] ?? (prefix === '' ? (uri === '' ? '' : '?') : `?${prefix}`);
      inner ??= new Map(this.#scope);
      inner.set(prefix, prefix === '' && RSS_ROOTS.test(raw) ? '' : known);
    }
    if (!inner) return false;
    this.#outer.push({ scope: this.#scope, names: this.#names });
    this.#scope = inner;
    this.#names = new Map();
    return true;
  }

  leave(): void {
    const outer = this.#outer.pop();
    if (!outer) return;
    this.#scope = outer.scope;
    this.#names = outer.names;
  }

  nameOf(raw: string): string {
    const known = this.#names.get(raw);
    if (known !== undefined) return known;
    const name = this.#find(raw);
    // A hostile feed has a new name in each tag.
    if (this.#names.size < 1_000) this.#names.set(raw, name);
    return name;
  }

  #find(raw: string): string {
    const colon = raw.indexOf(':');
    const prefix = colon === -1 ? '' : raw.slice(0, colon);
    const local = raw.slice(colon + 1);
    const declared = this.#scope.get(prefix);
    if (declared === undefined && prefix !== '') {
      this.undeclared = true;
      return USUAL.has(prefix) ? raw : `?${raw}`;
    }
    // Elements of a namespace that nobody knows keep their names: many feeds declare a wrong one.
    if (declared === '?') return local;
    return declared ? `${declared}:${local}` : local;
  }
}
