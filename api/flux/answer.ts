import { TidemarkError } from '../../core/errors.ts';
import type { FluxComplaint } from '../../core/flux-places.ts';
import type { MediaType } from '../rows/format.ts';
import { CsvWriter } from './csv.ts';
import { JsonWriter, LinesWriter } from './json.ts';
import { scriptError } from './script.ts';

/** What a client is told of a script that failed when rows had been sent. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly errors: readonly FluxComplaint[];
}

/** Turns InfluxDB's annotated CSV, chunk by chunk, into one of the formats. */
export interface FluxWriter {
  /** Rows so far; never more than it may write. */
  readonly rows: number;
  /** There are more rows than it may write: nothing else is to be fed. */
  readonly cut: boolean;
  /** @throws TidemarkError what an error table says, or `upstream` for what is no such CSV. */
  feed(chunk: Uint8Array): Buffer;
  /** The CSV has ended. @throws TidemarkError when it was in the middle of a row. */
  close(): void;
  /** What stands at the end, which says whether it is the end of all rows. */
  end(failure?: Failure): Buffer;
}

const WRITERS: Readonly<Record<MediaType, new (rowsMax: number) => FluxWriter>> = {
  'application/json': JsonWriter,
  'application/x-ndjson': LinesWriter,
  'text/csv': CsvWriter,
};

interface Asked {
  readonly query: string;
  readonly media: MediaType;
  readonly rowsMax: number;
}

/**
 * The answer in pieces, the first as soon as there is a row. What fails before that is thrown; what
 * fails later is told at the end, in the words of the format.
 */
export async function* answerOf(
  source: AsyncIterable<Uint8Array>,
  { query, media, rowsMax }: Asked,
): AsyncGenerator<Buffer, void> {
  const writer = new WRITERS[media](rowsMax);
  let begun = false;
  try {
    for await (const chunk of source) {
      const piece = writer.feed(chunk);
      if (piece.length > 0) {
        begun = true;
        yield piece;
      }
      if (writer.cut) break;
    }
    if (!writer.cut) writer.close();
  } catch (cause) {
    const error = scriptError(cause, query);
    if (!begun || !(error instanceof TidemarkError) || error.code === 'cancelled') throw error;
    const { code, message, details } = error;
    const { errors = [] } = (details ?? {}) as { readonly errors?: readonly FluxComplaint[] };
    yield writer.end({ code, message, errors });
    return;
  }
  yield writer.end();
}
