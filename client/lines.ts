/** Lines of a body as they come. */

/** Without their ends (`\n`, `\r\n`). The last one need not have an end. Leaving early closes it. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
      if (done) break;
    }
    if (rest !== '') yield rest;
  } finally {
    // It may have failed already: then there is nothing left to close.
    await reader.cancel().catch(() => undefined);
  }
}

/** Each line is one value in JSON. */
export async function* valuesOf<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T, void> {
  for await (const line of linesOf(body)) {
    if (line !== '') yield JSON.parse(line) as T;
  }
}
