import type { ChannelSecret } from '../../registry/channel-address.ts';

const TEXT_LENGTH_MAX = 1_000;
/** Shorter parts are words like `hooks` and `v1`: nobody guesses more by them. */
const PART_LENGTH_MIN = 8;
const HIDDEN = '***';

/** What looks like a secret wherever it stands. */
const SUSPECTS = /\b(whsec_|whsk_|xox[a-z]-|Bearer\s+|Basic\s+)[\w+/=.~-]+/gi;

/**
 * The begin of a text, on one line, without what only the channel's owner knows: receivers like to
 * repeat what they were sent, and errors where.
 */
export function redacted(text: string, secret: ChannelSecret): string {
  let plain = text.replace(SUSPECTS, `$1${HIDDEN}`);
  for (const hidden of hiddenParts(secret)) plain = plain.replaceAll(hidden, HIDDEN);
  const line = plain.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return [...line.slice(0, 2 * TEXT_LENGTH_MAX)].slice(0, TEXT_LENGTH_MAX).join('');
}

/** The longest first: parts of it are parts of others. */
function hiddenParts({ address, signing, confirmKey, leaveKey }: ChannelSecret): string[] {
  const parts = [
    confirmKey,
    leaveKey,
    ...signing.map(({ secret }) => secret.replace('whsec_', '')),
  ];
  if (address.kind === 'pagerduty') parts.push(address.key);
  if (address.kind === 'webhook' || address.kind === 'slack') {
    const { pathname, search, searchParams } = new URL(address.url);
    const inPath = pathname.split('/').flatMap((part) => [part, decoded(part)]);
    const inQuery = [...searchParams.values()].flatMap((part) => [part, encodeURIComponent(part)]);
    parts.push(`${pathname}${search}`, ...inPath, ...inQuery);
  }
  return [...new Set(parts)]
    .filter((part) => part.length >= PART_LENGTH_MIN)
    .sort((a, b) => b.length - a.length);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // Not encoded at all: it stands for itself.
  }
}
