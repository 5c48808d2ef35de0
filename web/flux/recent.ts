/** The last scripts that were run in this browser. */

const NAME = 'tidemark.flux';
const KEPT_MAX = 10;
const CHARS_MAX = 20_000;

export function recentScripts(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(NAME) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    // Not ours, or from another version: begun anew with the next script.
    return [];
  }
}

export function keepScript(script: string): void {
  if (script.length > CHARS_MAX) return;
  const others = recentScripts().filter((one) => one !== script);
  localStorage.setItem(NAME, JSON.stringify([script, ...others].slice(0, KEPT_MAX)));
}

/** The line that says most of a script: what it is about, else where it begins. */
export function titleOf(script: string): string {
  const lines = script.split('\n').map((line) => line.trim());
  const about = lines.find((line) => line.startsWith('//'))?.replace(/^\/\/ ?/, '');
  const first = about || lines.find((line) => line !== '') || 'empty';
  return first.length > 70 ? `${first.slice(0, 69)}…` : first;
}

const RANGE = /range\((?:[^()]|\([^()]*\))*\)/;

/** The script with another time range: of its first range(), else put after the source. */
export function withRange(script: string, start: string): string {
  const range = `range(start: ${start})`;
  if (RANGE.test(script)) return script.replace(RANGE, range);
  const source = /from\([^()]*\)/.exec(script);
  if (source === null) return script;
  const end = source.index + source[0].length;
  return `${script.slice(0, end)}\n    |> ${range}${script.slice(end)}`;
}
