import type { SecureContext } from 'node:tls';
import type { Clock } from '../../core/clock.ts';
import { HttpError } from '../../core/http-error.ts';
import type { Address, TargetGate } from '../../core/targets.ts';
import type { CertificateFacts } from './certificate.ts';
import { dial, type OpenSocket } from './dial.ts';
import { type Answer, type BodyLimits, exchange, type Headers, type Progress } from './exchange.ts';
import type { Line } from './line.ts';
import type { Lines } from './lines.ts';
import { ScanFailure } from './outcome.ts';
import { DnsTimeout } from './resolver.ts';
import type { Step } from './route.ts';
import { HandshakeFailure, type Secured, secure } from './secure.ts';
import type { Stop } from './stop.ts';
import { Stopwatch } from './stopwatch.ts';

/** What visits share. */
export interface VisitTools {
  readonly gate: TargetGate;
  readonly clock: Clock;
  readonly lines: Lines;
  readonly context: SecureContext;
  readonly open?: OpenSocket | undefined;
}

export interface VisitOptions {
  readonly stop: Stop;
  readonly keepAlive: boolean;
  readonly limits: (status: number, headers: Headers) => BodyLimits;
}

/** Asked twice, these do no more than asked once (RFC 9110, 9.2.2). */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** One request and how far it came: everything here may be read after a failure. */
export class Visit {
  readonly step: Step;
  readonly port: number;
  watch: Stopwatch;
  address: Address | undefined;
  reused = false;
  certificate: CertificateFacts | undefined;
  secured: Pick<Secured, 'protocol' | 'cipher'> | undefined;
  progress: Progress = noProgress();
  readonly #tools: VisitTools;
  readonly #options: VisitOptions;

  constructor(step: Step, tools: VisitTools, options: VisitOptions) {
    this.step = step;
    const secured = step.url.protocol === 'https:';
    this.port = step.url.port === '' ? (secured ? 443 : 80) : Number(step.url.port);
    this.watch = new Stopwatch(tools.clock);
    this.#tools = tools;
    this.#options = options;
  }

  /** @throws ScanFailure, or Stopped when the scan ends meanwhile. */
  async run(): Promise<Answer> {
    const { lines } = this.#tools;
    const keep = this.#options.keepAlive && REPEATABLE.has(this.step.method);
    const kept = keep ? lines.kept(this.step.origin) : undefined;
    if (kept) {
      try {
        return await this.#over(kept, keep);
      } catch (error) {
        if (!this.#wasStale(error)) throw error;
        this.#beginAgain();
      }
    }
    const line = lines.blank();
    try {
      await this.#connect(line);
    } catch (error) {
      lines.drop(line);
      throw error;
    }
    return this.#over(line, keep);
  }

  async #over(line: Line, keep: boolean): Promise<Answer> {
    const { stop, limits } = this.#options;
    const { watch, progress, step } = this;
    const { connection } = line;
    if (connection) this.#note(connection);
    this.reused = watch.phase === undefined;
    try {
      const answer = await exchange(
        { ...step, keepAlive: keep, limits },
        { line, stop, watch, progress },
      );
      if (answer.reusable) this.#tools.lines.keep(step.origin, line);
      else this.#tools.lines.drop(line);
      return answer;
    } catch (error) {
      this.#tools.lines.drop(line);
      throw error;
    }
  }

  async #connect(line: Line): Promise<void> {
    const { clock, open, context } = this.#tools;
    const { stop } = this.#options;
    const { hostname, protocol } = this.step.url;
    this.watch.enter('dns');
    const addresses = await stop.race(this.#addresses(hostname));
    this.address = addresses[0];
    this.watch.enter('connect');
    const { socket, address } = await dial(addresses, this.port, { clock, stop, open });
    this.address = address;
    if (protocol === 'http:') return line.take({ socket, address });
    this.watch.enter('tls');
    const host = hostname.replace(/^\[|\]$/g, '');
    const secured = await secure(socket, { host, context, stop }).catch((error: unknown) => {
      socket.destroy();
      if (error instanceof HandshakeFailure) this.certificate = error.certificate;
      throw error;
    });
    line.take({ socket: secured.socket, address, secured });
    this.#note({ address, secured });
    if (secured.refusal) throw new ScanFailure(secured.refusal);
  }

  /** The one look-up and the one check: what comes out of it is connected to. */
  async #addresses(hostname: string): Promise<readonly Address[]> {
    try {
      return await this.#tools.gate.addresses(hostname, this.port);
    } catch (error) {
      if (error instanceof DnsTimeout) throw new ScanFailure('timeout-dns', undefined, error);
      if (!(error instanceof HttpError)) throw error;
      // Why it is refused would tell a stranger what there is inside.
      if (error.fault === 'target') throw new ScanFailure('blocked', undefined, error);
      throw new ScanFailure('dns', error.message, error);
    }
  }

  #note({ address, secured }: { address: Address; secured?: Secured }): void {
    this.address = address;
    if (!secured) return;
    this.certificate = secured.certificate;
    this.secured = secured;
  }

  /** A kept connection that the server has ended meanwhile: no answer, and none has begun. */
  #wasStale(error: unknown): boolean {
    const silent = error instanceof ScanFailure && error.reason === 'reset';
    return silent && this.watch.phases.transfer === undefined;
  }

  #beginAgain(): void {
    this.watch = new Stopwatch(this.#tools.clock);
    this.progress = noProgress();
    this.reused = false;
  }
}

function noProgress(): Progress {
  return { httpVersion: undefined, status: undefined, headers: undefined, body: undefined };
}
