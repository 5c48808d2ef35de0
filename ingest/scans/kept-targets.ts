import { isCode } from '../../core/errors.ts';
import type { ScanClaim } from '../../registry/scans.ts';
import { type Compiled, compilePattern } from './pattern.ts';
import { METHODS, type ScanMethod, type ScanTarget, scanTarget } from './target.ts';

type Described = Pick<ScanClaim, 'monitor' | 'version' | 'url' | 'regexp' | 'settings'>;

/** A target that can be scanned, or why it cannot. */
export type Kept =
  | { readonly ok: true; readonly target: ScanTarget }
  | { readonly ok: false; readonly why: string };

const TARGETS_MAX = 20_000;
const PATTERNS_MAX = 2_000;

/** Targets of monitors, made once for each version of them; a pattern once for all who have it. */
export class KeptTargets {
  readonly #targets = new Map<number, { readonly version: number; readonly kept: Kept }>();
  readonly #patterns = new Map<string, Compiled>();

  of(monitor: Described): Kept {
    const known = this.#targets.get(monitor.monitor);
    if (known?.version === monitor.version) return known.kept;
    const kept = this.#make(monitor);
    keep(this.#targets, TARGETS_MAX, [monitor.monitor, { version: monitor.version, kept }]);
    return kept;
  }

  #make({ url, regexp, settings }: Described): Kept {
    const { method, headers, authorization, body, expectStatus } = settings;
    const { timeoutMs, followRedirects, bodyBytesMax, keepAlive } = settings;
    if (!isMethod(method)) return { ok: false, why: `not a method: ${method.slice(0, 20)}` };
    const compiled = regexp === null ? undefined : this.#pattern(regexp);
    if (compiled?.ok === false) return { ok: false, why: `pattern: ${compiled.refusal.message}` };
    const own = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
    const added = authorization === undefined || own ? {} : { authorization };
    try {
      const target = scanTarget({
        ...{ url, method, timeoutMs, followRedirects, bodyBytesMax, keepAlive },
        headers: { ...headers, ...added },
        ...(body === undefined ? {} : { body }),
        ...(expectStatus === null ? {} : { expectStatus }),
        ...(compiled === undefined ? {} : { pattern: compiled.pattern }),
      });
      return { ok: true, target };
    } catch (error) {
      if (!isCode(error, 'invalid')) throw error;
      return { ok: false, why: error.message };
    }
  }

  #pattern(source: string): Compiled {
    const known = this.#patterns.get(source);
    if (known) return known;
    const compiled = compilePattern(source);
    keep(this.#patterns, PATTERNS_MAX, [source, compiled]);
    return compiled;
  }
}

/** The oldest goes when there are too many. */
function keep<K, V>(map: Map<K, V>, max: number, [key, value]: readonly [K, V]): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > max && !oldest.done) map.delete(oldest.value);
}

function isMethod(method: string): method is ScanMethod {
  return (METHODS as readonly string[]).includes(method);
}
