/** Whether what was printed looks like what a document shows: by shape, values change. */

/** What differs; undefined where nothing does, or nothing is shown. */
export function whyOtherShape(shown: string, printed: string): string | undefined {
  const first = shown.split('\n')[0]!.trim();
  if (first === '') return undefined;
  if (/^[[{]/.test(first)) return missingKeys(shown, printed);
  if (first.includes(',') && !first.includes(' ')) {
    const header = printed.split('\n')[0]!.trim();
    return header === first ? undefined : `shown header ${first}, printed ${header}`;
  }
  return missingLines(shown, printed);
}

/** Keys that are shown and not printed. What a document leaves out (`...`) is not asked for. */
function missingKeys(shown: string, printed: string): string | undefined {
  const keysOf = (text: string) =>
    new Set([...text.matchAll(/"([\w.-]+)":/g)].map((one) => one[1]!));
  const there = keysOf(printed);
  const missing = [...keysOf(shown)].filter((key) => !there.has(key));
  return missing.length === 0 ? undefined : `shown keys that are not printed: ${missing}`;
}

/** Lines that are shown and whose words, numbers aside, begin no line that was printed. */
function missingLines(shown: string, printed: string): string | undefined {
  const formOf = (line: string) =>
    line
      .replace(/\.\.\..*$/, '')
      .replace(/\d[\d.,:TZ-]*/g, '0')
      .replace(/\s+/g, ' ')
      .trim();
  const there = printed.split('\n').map(formOf);
  const missing = shown
    .split('\n')
    .map(formOf)
    .filter((form) => form !== '' && !there.some((line) => line.startsWith(form)));
  return missing.length === 0
    ? undefined
    : `shown lines that are not printed: ${missing.join('\n')}`;
}
