import { createHash } from 'node:crypto';
import type { FeedItem } from './feed.ts';
import { hashContent } from './identity.ts';

/**
 * `hashContent` of items, most of which were there the last time that their feed was read: what it
 * takes, the text without markup and spaces, is worked out once. Keeps the last `many`, by a digest
 * of all that it depends on.
 */
export class KnownHashes {
  readonly #many: number;
  readonly #known = new Map<string, string>();

  constructor(many: number) {
    this.#many = many;
  }

  of(item: FeedItem): string {
    const { title, summary, content, summaryType, contentType } = item;
    const type = content === '' ? summaryType : contentType;
    const whole = `${type} ${title.length} ${title}${content || summary}`;
    const digest = createHash('sha256').update(whole).digest('base64');
    const known = this.#known.get(digest);
    // Seen again, it is the newest.
    if (known !== undefined) this.#known.delete(digest);
    const hash = known ?? hashContent(item);
    this.#known.set(digest, hash);
    if (this.#known.size > this.#many) {
      const { value: oldest } = this.#known.keys().next();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return hash;
  }

  get size(): number {
    return this.#known.size;
  }
}
