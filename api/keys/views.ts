import type { KeptEntry } from '../../registry/audit.ts';
import type { Key } from '../../registry/keys.ts';
import { isoOf, isoOrNull } from '../http/moment.ts';

/** A key as it is shown; there is nothing secret in it. */
export function shownKey(key: Key) {
  const { id, name, role, prefix, state, rate, note, createdBy, revokedBy } = key;
  return {
    ...{ id, name, role, prefix, state, ratePerSecond: rate, note },
    ...{ created: isoOf(key.createdMs), createdBy, expires: isoOrNull(key.expiresMs) },
    ...{ revoked: isoOrNull(key.revokedMs), revokedBy, lastUsed: isoOrNull(key.lastUsedMs) },
  };
}

export function shownEntry({ atMs, request, tookMs, ...entry }: KeptEntry) {
  return { ...entry, at: isoOf(atMs), requestId: request, durationMs: tookMs };
}
