import type { AuditFilter, KeptEntry } from '../../registry/audit.ts';
import type { AddedKey, Key, KeyFilter, NewKey, Revoked } from '../../registry/keys.ts';

/** Where keys are kept. */
export interface KeyDesk {
  /** @throws TidemarkError `conflict` for a name that is taken, and for a first key of low rank */
  add(wanted: NewKey): Promise<AddedKey>;
  find(id: number): Promise<Key | undefined>;
  list(filter: KeyFilter): Promise<readonly Key[]>;
  /** @param wanted.last whether the last key of all may go */
  revoke(
    id: number,
    wanted: { readonly by: string; readonly last: boolean },
  ): Promise<Revoked | undefined>;
}

/** Where it is kept who changed what. */
export interface AuditDesk {
  list(filter: AuditFilter): Promise<readonly KeptEntry[]>;
}
