import { FluxError } from '../../error.ts';
import { earlier, later } from '../../tables/intervals.ts';
import { mergeTables } from '../../tables/merge.ts';
import type { Bounds, Stream } from '../../tables/stream.ts';
import { asStream, Derived, scopeOf } from '../../tables/stream.ts';
import type { Table } from '../../values/value.ts';
import { array, stream } from '../params.ts';
import { builtin } from '../registry.ts';

export const union = builtin({
  package: 'universe',
  name: 'union',
  params: { tables: array(stream()) },
  call({ tables }, context) {
    if (tables.length < 2) {
      throw new FluxError('union requires at least 2 input streams');
    }
    const sources = tables.map((one) => asStream(one, context).use());
    const scope = scopeOf(context);
    return new Derived(scope, { bounds: hull(sources), sorted: true }, (signal) =>
      mergeTables(concat(sources, signal), scope.budget),
    );
  },
});

async function* concat(sources: readonly Stream[], signal: AbortSignal): AsyncGenerator<Table> {
  for (const source of sources) yield* source.tables(signal);
}

/** The smallest range that holds those of all streams that have one. */
export function hull(sources: readonly Stream[]): Bounds | undefined {
  let out: Bounds | undefined;
  for (const { bounds } of sources) {
    if (bounds === undefined) continue;
    out ??= bounds;
    out = {
      startNs: earlier(bounds.startNs, out.startNs),
      stopNs: later(bounds.stopNs, out.stopNs),
    };
  }
  return out;
}
