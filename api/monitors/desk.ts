import { TidemarkError } from '../../core/errors.ts';
import type { StoredEvent } from '../../registry/events.ts';
import type {
  Monitor,
  MonitorChange,
  MonitorFilter,
  MonitorSettings,
  NewMonitor,
} from '../../registry/monitors.ts';
import type { ScanLoad } from '../../registry/scan-load.ts';
import type { UrlRefusal } from '../contract.ts';

/** A URL, taken apart. */
export interface TargetAddress {
  /** As it is kept: normalised, without credentials and fragment. */
  readonly url: string;
  /** Name or address, with the port where it is not the usual one. */
  readonly host: string;
  /** The header that the credentials in it are sent as. */
  readonly authorization?: string;
}

export type CheckedPattern =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly at?: number; readonly message: string };

/** Milliseconds of each part of a request that it came to. */
export type PhaseTimes = Readonly<
  Partial<Record<'dns' | 'connect' | 'tls' | 'firstByte' | 'transfer', number>>
>;

export interface CertificateTrace {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly hostMatches: boolean;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly earliestExpiryMs: number;
  readonly daysLeft: number;
  readonly fingerprint: string;
  readonly serial: string;
  readonly chainLength: number;
  readonly rsaBits?: number;
  readonly weakSignature: boolean;
  readonly protocol?: string;
  readonly cipher?: string;
}

export interface HopTrace {
  readonly url: string;
  readonly status?: number;
  readonly address?: string;
  readonly port: number;
  readonly phases: PhaseTimes;
  readonly tls?: CertificateTrace;
}

/** Everything that one scan found out. */
export interface ScanTrace {
  readonly ok: boolean;
  readonly reason: string;
  readonly text: string;
  readonly startedMs: number;
  readonly totalMs: number;
  readonly phases: PhaseTimes;
  readonly failedIn?: string;
  readonly hops: readonly HopTrace[];
  readonly status?: number;
  readonly httpVersion?: string;
  readonly wireBytes?: number;
  readonly bodyBytes?: number;
  readonly truncated: boolean;
  readonly charset?: string;
  readonly matched?: boolean;
  readonly match?: {
    readonly at: number;
    readonly text: string;
    readonly values: Readonly<Record<string, number>>;
  };
  readonly retryAfterMs?: number;
  readonly evidence?: string;
}

/** What a way of ending says about the target. */
export type Meaning = 'up' | 'down' | 'unknown';

/** Where monitors are kept and what is known of scans. The scanning itself is done by workers. */
export interface MonitorDesk {
  /** Shortest interval that may be asked for. */
  readonly intervalMsMin: number;
  /** Most scans of one host that a worker has under way at once. */
  readonly hostScansMax: number;
  /** @throws TidemarkError `invalid` with `option`, `expected` and `got` as details */
  addressOf(url: string): TargetAddress;
  /** @throws TidemarkError `invalid` as above for what no scan could be made of. */
  check(url: string, settings: MonitorSettings): void;
  compile(pattern: string): CheckedPattern;
  /**
   * Why an address, a name of this very machine or one that cannot be may not be reached;
   * undefined: it may, or it is another name, which is judged whenever it is scanned. Nobody is
   * asked.
   */
  refusalOf(url: string): Promise<UrlRefusal | undefined>;
  /** `unknown` for a reason that is not known here. */
  meaningOf(reason: string): Meaning;
  /** Finds the monitor of the same url and pattern, and changes it, or makes one. */
  ensure(
    wanted: NewMonitor,
    given: MonitorChange,
  ): Promise<{ readonly monitor: Monitor; readonly created: boolean }>;
  change(id: number, change: MonitorChange): Promise<Monitor | undefined>;
  find(id: number): Promise<Monitor | undefined>;
  findSame(wanted: Pick<NewMonitor, 'url' | 'regexp'>): Promise<Monitor | undefined>;
  list(filter: MonitorFilter): Promise<readonly Monitor[]>;
  evidence(
    id: number,
  ): Promise<{ readonly slotMs: number; readonly evidence: unknown } | undefined>;
  load(host?: string): Promise<ScanLoad>;
  events(page: {
    readonly after: number;
    readonly limit: number;
    readonly kinds?: readonly string[];
  }): Promise<readonly StoredEvent[]>;
  /** Scans at once and records nothing. Ends early when `signal` says so. */
  scanNow(monitor: Monitor, signal: AbortSignal): Promise<ScanTrace>;
}

const ID_MAX = 2 ** 31 - 1;

/** The number of a monitor. @throws TidemarkError `not-found` for what can be none. */
export function readMonitorId(text: string): number {
  const id = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : Number.NaN;
  if (id <= ID_MAX) return id;
  throw noMonitor(text);
}

export function noMonitor(id: string): TidemarkError {
  return new TidemarkError('not-found', `no monitor ${id.slice(0, 20)}`, {
    details: { list: '/monitors' },
  });
}

/** @throws TidemarkError `not-found` */
export async function demandMonitor(desk: Pick<MonitorDesk, 'find'>, id: string): Promise<Monitor> {
  const monitor = await desk.find(readMonitorId(id));
  if (monitor) return monitor;
  throw noMonitor(id);
}
