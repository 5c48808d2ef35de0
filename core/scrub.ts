/** What must not be read in a log, wherever it stands in a line. */

export type Scrub = (text: string) => string;

const HIDDEN = '***';
/** Shorter ones are words: to hide them would hide the log. */
const SECRET_LENGTH_MIN = 8;

const NAMES = 'authorization|cookie|token|secret|password|passwd|api[_-]?key';

/** Shapes of secrets, whoever's they are. None of them reaches over the end of a JSON text. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // The user and password of a URL; errors quote those of databases, proxies and feeds.
  [/(:\/\/)[^\s"'\\/?#]+@/g, `$1${HIDDEN}@`],
  // A parameter that is a key by its name.
  [
    /([?&;][\w.-]*(?:key|token|secret|passw|pwd|sig|auth|code|session)[\w.-]*=)[^&\s"'\\#]+/gi,
    `$1${HIDDEN}`,
  ],
  [/\b(Bearer|Basic)\s+[\w+/=.~-]+/gi, `$1 ${HIDDEN}`],
  // InfluxDB's own; shorter, it is a word of a sentence.
  [/\b(Token)\s+[\w+/=.~-]{16,}/gi, `$1 ${HIDDEN}`],
  [/\b(whsec_|whsk_|xox[a-z]-)[\w+/=.~-]+/g, `$1${HIDDEN}`],
  // Fields of objects, and of JSON that is quoted in a text.
  [new RegExp(`(\\\\?"[\\w.-]*(?:${NAMES})\\\\?"\\s*:\\s*\\\\?")[^"\\\\]+`, 'gi'), `$1${HIDDEN}`],
  // Connection strings and forms.
  [new RegExp(`\\b((?:${NAMES})=)[^\\s"'\\\\&;,]+`, 'gi'), `$1${HIDDEN}`],
];

/**
 * Hides the given secrets in each form that they take in texts, and whatever looks like one. A line
 * of JSON stays one.
 */
export function createScrub(secrets: readonly string[] = []): Scrub {
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .flatMap(formsOf)
    // The longest first: some are parts of others.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let plain = text;
    for (const secret of known) {
      if (plain.includes(secret)) plain = plain.replaceAll(secret, HIDDEN);
    }
    for (const [pattern, instead] of SHAPES) plain = plain.replace(pattern, instead);
    return plain;
  };
}

/** As it is, in JSON, in JSON that a text quotes, in URLs and in forms. */
function formsOf(secret: string): readonly string[] {
  const quoted = (text: string): string => JSON.stringify(text).slice(1, -1);
  const inForm = new URLSearchParams({ v: secret }).toString().slice('v='.length);
  return [secret, quoted(secret), quoted(quoted(secret)), encodeURIComponent(secret), inForm];
}
