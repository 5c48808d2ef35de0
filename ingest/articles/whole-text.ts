/** A text from here on is taken for the whole article. */
const LONG_CHARS = 1_000;
/** Less is a caption, or a link to the article. */
const SHORT_CHARS = 200;
/** How much of the end is looked at for signs that the text goes on elsewhere. */
const END_CHARS = 100;

const ELLIPSIS = /(?:…|\.{3})[\s)\]]*$/u;
const ELSEWHERE =
  /\b(?:read (?:more|on|the (?:full|whole|rest))|(continue|keep) reading|full (story|article))\b/i;

export interface FeedText {
  /** Plain text of what the feed has of an article beside its summary. */
  readonly text: string;
  /** Plain text of the summary; '' where there is none. */
  readonly summary: string;
  /** It stands where feeds have the content of an article, not where its summary should be. */
  readonly content: boolean;
}

/**
 * Whether a text is the article, not its beginning. What a feed gives as content is, unless it
 * says no more than the summary or shows that it goes on; what a page adds is then not missed.
 */
export function isWholeText({ text, summary, content }: FeedText): boolean {
  if (text.length >= LONG_CHARS) return true;
  if (!content || text.length < SHORT_CHARS || text.length <= summary.length) return false;
  const end = withoutSource(text).slice(-END_CHARS);
  return !ELLIPSIS.test(end) && !ELSEWHERE.test(end);
}

/** WordPress ends texts, whole or cut, with a line that says where they are from. */
function withoutSource(text: string): string {
  const at = text.lastIndexOf('The post ');
  const line = at < 0 ? '' : text.slice(at);
  return /\b(?:appeared first|first appeared) on\b/.test(line) ? text.slice(0, at).trimEnd() : text;
}
