import type { Clock } from '../../core/clock.ts';
import type { Caller } from '../keys/auth.ts';
import type { Keyring } from '../keys/keyring.ts';
import type { Peer, Seat } from './contract.ts';

/** For what is on its way when a stream ends. */
const LAST_WORDS_MS = 3_000;

export interface AdmittedOptions {
  readonly caller: Caller;
  readonly keyring: Pick<Keyring, 'watch'>;
  readonly clock: Clock;
}

/** A seat for as long as its key opens the API: then the stream is told why, and ends. */
export function whileAdmitted(seat: Seat, { caller, keyring, clock }: AdmittedOptions): Seat {
  let unwatch = (): void => {};
  const gone = new AbortController();
  const end = (peer: Peer): void => {
    seat.leave();
    peer.notice('revoked', { reason: 'the key is revoked or has expired' });
    peer.end('revoked');
    clock.sleep(LAST_WORDS_MS, gone.signal).then(peer.cut, () => 'it has gone');
  };
  return {
    position: seat.position,
    ask: seat.ask,
    start(peer) {
      seat.start(peer);
      unwatch = keyring.watch(caller, () => end(peer));
    },
    leave() {
      unwatch();
      gone.abort();
      seat.leave();
    },
  };
}
