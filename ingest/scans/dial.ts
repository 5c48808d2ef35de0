import { connect, type Socket } from 'node:net';
import { type ChildAbort, childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import type { Address } from '../../core/targets.ts';
import { codeOf, type Reason, reasonOfCode, ScanFailure } from './outcome.ts';
import type { Stop } from './stop.ts';

/** Opens one connection to an address that was checked; replaceable for tests. */
export type OpenSocket = (address: Address, port: number) => Socket;

export interface Dialed {
  readonly socket: Socket;
  readonly address: Address;
}

export interface DialOptions {
  readonly clock: Clock;
  readonly stop: Stop;
  readonly open?: OpenSocket | undefined;
}

/** RFC 8305, 5: how long one address is tried alone. */
const NEXT_ADDRESS_MS = 250;
/** A name may have hundreds of addresses; so many are tried. */
const ADDRESSES_MAX = 6;

const openSocket: OpenSocket = ({ address, family }, port) =>
  connect({ host: address, port, family, noDelay: true, autoSelectFamily: false });

/**
 * Connects to the first of the addresses that answers. They are tried in turn, IPv4 first and the
 * families alternating, the next one after 250 ms or as soon as one fails.
 * @throws ScanFailure with the reason of the first address that failed.
 */
export function dial(
  addresses: readonly Address[],
  port: number,
  { clock, stop, open = openSocket }: DialOptions,
): Promise<Dialed> {
  const order = alternate(addresses).slice(0, ADDRESSES_MAX);
  return stop.wait((done, fail) => {
    const race = new DialRace(order, port, { clock, open, done, fail });
    race.next();
    return () => race.leave();
  });
}

/** v4, v6, v4, v6, ... in the order in which each family came. */
export function alternate(addresses: readonly Address[]): readonly Address[] {
  if (addresses.length < 2) return addresses;
  const v4 = addresses.filter(({ family }) => family === 4);
  const v6 = addresses.filter(({ family }) => family === 6);
  const longer = Math.max(v4.length, v6.length);
  return Array.from({ length: longer }, (_, at) => [v4[at], v6[at]])
    .flat()
    .filter((address) => address !== undefined);
}

interface RaceOptions {
  readonly clock: Clock;
  readonly open: OpenSocket;
  readonly done: (dialed: Dialed) => void;
  readonly fail: (error: unknown) => void;
}

/** The tries of one dial. */
class DialRace {
  readonly #waiting: Address[];
  readonly #port: number;
  readonly #options: RaceOptions;
  readonly #trying = new Set<Socket>();
  #pause: ChildAbort | undefined;
  #firstError: unknown;
  #over = false;

  constructor(order: readonly Address[], port: number, options: RaceOptions) {
    this.#waiting = [...order];
    this.#port = port;
    this.#options = options;
  }

  next(): void {
    this.#pause?.release();
    const address = this.#waiting.shift();
    if (this.#over || !address) return;
    const socket = this.#options.open(address, this.#port);
    this.#trying.add(socket);
    const onError = (error: Error): void => {
      this.#trying.delete(socket);
      this.#failed(error);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      this.#trying.delete(socket);
      this.leave();
      this.#options.done({ socket, address });
    });
    if (this.#waiting.length > 0) this.#nextLater();
  }

  /** Ends every try that is under way. */
  leave(): void {
    this.#over = true;
    this.#pause?.release();
    for (const socket of this.#trying) socket.destroy();
    this.#trying.clear();
  }

  #nextLater(): void {
    const pause = childAbort(undefined);
    this.#pause = pause;
    this.#options.clock.sleep(NEXT_ADDRESS_MS, pause.signal).then(
      () => this.next(),
      () => this.#over, // the next try came earlier, or none is needed
    );
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    this.#firstError ??= error;
    if (this.#waiting.length > 0) this.next();
    else if (this.#trying.size === 0) {
      this.#over = true;
      this.#options.fail(connectFailure(this.#firstError));
    }
  }
}

function connectFailure(error: unknown): ScanFailure {
  const code = codeOf(error);
  const reason: Reason = reasonOfCode(code) ?? 'unreachable';
  return new ScanFailure(reason, undefined, error);
}
