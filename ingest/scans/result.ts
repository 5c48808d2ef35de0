import type { CertificateFacts } from './certificate.ts';
import type { Reason } from './outcome.ts';
import type { Phase, Phases } from './stopwatch.ts';

/** The secure connection of a hop, also of one that was refused for its certificate. */
export interface TlsFacts extends CertificateFacts {
  /** Undefined when the handshake did not end. */
  readonly protocol?: string;
  readonly cipher?: string;
  /** From now to the end of the certificate; negative when it is over. */
  readonly daysLeft: number;
}

/** One request of a scan: the first, or where a redirect led. */
export interface Hop {
  /** Without credentials. */
  readonly url: string;
  /** Undefined when no answer came. */
  readonly status?: number;
  /** The address that was connected to, or tried last; not told when it is refused. */
  readonly address?: string;
  readonly port: number;
  readonly phases: Phases;
  /** The connection is of an earlier scan: no name, connection or handshake was measured. */
  readonly reused: boolean;
  readonly tls?: TlsFacts;
}

/** What a scan found out. A scan never throws: whatever happened is in here. */
export interface ScanResult {
  readonly ok: boolean;
  readonly reason: Reason;
  /** One line for people, with details where there are some. */
  readonly text: string;
  /** When it began, milliseconds since the epoch. */
  readonly startedMs: number;
  /** From its begin to its end, matching included. */
  readonly totalMs: number;
  /** Of all hops together. */
  readonly phases: Phases;
  /** The phase in which it failed, where it failed in one. */
  readonly failedIn?: Phase;
  /** The first is the target itself; each further one is a redirect that was followed. */
  readonly hops: readonly Hop[];
  /** Of the last hop. */
  readonly status?: number;
  readonly httpVersion?: string;
  readonly address?: string;
  readonly port?: number;
  readonly tls?: TlsFacts;
  /** Bytes of the last body as they came, and after decompression, as far as it was read. */
  readonly wireBytes?: number;
  readonly bodyBytes?: number;
  /** The body, or the text for the pattern, went on after what was read. */
  readonly truncated: boolean;
  readonly charset?: string;
  /** Undefined without a pattern, and when no body came to be looked at. */
  readonly matched?: boolean;
  readonly match?: ScanMatch;
  /** How long the server asked to be left alone (429, 503), at most a day. */
  readonly retryAfterMs?: number;
  /** The first 1 KiB of the last body, as text. */
  readonly evidence?: string;
}

export interface ScanMatch {
  readonly at: number;
  readonly text: string;
  /** The numbers in the named groups; a group without a number is not among them. */
  readonly values: Readonly<Record<string, number>>;
}
