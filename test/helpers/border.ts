/** Answers as they come from a server, and what the border of the price ingest makes of them. */
import type { HttpResponse } from '../../core/http.ts';
import { exchanges } from '../../ingest/prices/exchanges/list.ts';
import { refusalOf } from '../../ingest/prices/fetch.ts';
import type { Refusal } from '../../ingest/prices/refusal.ts';
import { decodeJson, judgeRows, judgeStatus } from '../../ingest/prices/suspicion.ts';

export const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

export function response(
  status: number,
  body: string | Buffer,
  headers: object = {},
): HttpResponse {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  const rest = { url: 'http://a/', redirects: 0, durationMs: 1 };
  return { status, headers: Object.fromEntries(lower), body: Buffer.from(body), ...rest };
}

/** What the whole border makes of an answer: status, then JSON, then the adapter's own look. */
export function refuse(id: string, answer: HttpResponse): Refusal | undefined {
  const adapter = exchanges.find((each) => each.id === id);
  const refusal = judgeStatus(answer, { nowMs: NOW_MS, pauses: adapter?.pauses });
  if (refusal) return refusal;
  try {
    const rows = adapter?.parse([decodeJson(answer)], new Map()).rows.length ?? 0;
    return judgeRows(rows, { lastRows: 0, shrunkenForMs: 0 });
  } catch (error) {
    return refusalOf(error);
  }
}
