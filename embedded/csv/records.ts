/**
 * The records of a CSV text (RFC 4180; LF or CRLF). Empty lines are skipped, as Go's reader does.
 */
export function* readRecords(text: string): Generator<string[]> {
  let at = 0;
  while (at < text.length) {
    const end = lineEnd(text, at);
    if (end.from === at) {
      at = end.next;
      continue;
    }
    const record: string[] = [];
    for (;;) {
      const field = readField(text, at);
      record.push(field.text);
      at = field.next;
      if (!field.more) break;
    }
    yield record;
  }
}

function lineEnd(text: string, at: number): { readonly from: number; readonly next: number } {
  if (text[at] === '\n') return { from: at, next: at + 1 };
  if (text.startsWith('\r\n', at)) return { from: at, next: at + 2 };
  return { from: -1, next: at };
}

interface Field {
  readonly text: string;
  readonly next: number;
  /** A comma follows. */
  readonly more: boolean;
}

function readField(text: string, at: number): Field {
  return text[at] === '"' ? readQuoted(text, at + 1) : readPlain(text, at);
}

function readPlain(text: string, at: number): Field {
  let end = at;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n') end += 1;
  const more = text[end] === ',';
  const value = text.slice(at, end);
  const trimmed = !more && value.endsWith('\r') ? value.slice(0, -1) : value;
  return { text: trimmed, next: Math.min(end + 1, text.length), more };
}

/** A quote inside is doubled; one that is not ends the field, whatever follows up to the comma. */
function readQuoted(text: string, at: number): Field {
  let value = '';
  let from = at;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return { text: value + text.slice(from), next: text.length, more: false };
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') {
      const rest = readPlain(text, quote + 1);
      return { ...rest, text: (value + rest.text).replaceAll('\r\n', '\n') };
    }
    value += '"';
    from = quote + 2;
  }
}
