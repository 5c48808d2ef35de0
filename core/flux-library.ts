import type { Checker } from './flux-checker.ts';

/** A function or constant of the library of Flux. */
export interface FluxMember {
  readonly name: string;
  /** Undefined: a constant. */
  readonly parameters: readonly FluxParameter[] | undefined;
  /** What it gives, in the type language of Flux. */
  readonly gives: string;
}

export interface FluxParameter {
  readonly name: string;
  readonly type: string;
  /** `|>` feeds it. */
  readonly pipe: boolean;
}

/** Asks the language server what it would offer behind the package's name. */
export async function readMembers(server: Checker, path: string): Promise<readonly FluxMember[]> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const script = `import "${path}"\n${name}.`;
  const offers = await server.complete(script, { line: 1, character: name.length + 1 });
  return (
    offers
      .map(({ label, detail = '' }) => memberOf(label.replace(/ \(.*$/, ''), detail))
      // An underscore marks what is the library's own business.
      .filter(({ name: own }) => !own.startsWith('_'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  );
}

/** Asks it what it would offer to import. */
export async function readPaths(server: Checker): Promise<readonly string[]> {
  const offers = await server.complete('import ""', { line: 0, character: 8 });
  return offers
    .map(({ label }) => label.replaceAll('"', ''))
    .filter((path) => !path.startsWith('internal/'))
    .sort();
}

/** Of `(<-tables:stream[A], n:int) -> stream[B]`, or of the name of a type. */
function memberOf(name: string, detail: string): FluxMember {
  const arrow = detail.lastIndexOf(') -> ');
  const called = detail.startsWith('(') && arrow > 0;
  if (!called) return { name, parameters: undefined, gives: detail };
  const inner = detail.slice(1, arrow);
  const parameters = partsOf(inner).map(parameterOf);
  return { name, parameters, gives: detail.slice(arrow + ') -> '.length).replace(/\s+/g, ' ') };
}

function parameterOf(text: string): FluxParameter {
  const pipe = text.startsWith('<-');
  const at = text.indexOf(':');
  const type = text.slice(at + 1).replace(/\s+/g, ' ');
  return { name: text.slice(pipe ? 2 : 0, at).trim(), type: type.trim(), pipe };
}

/** At the commas that stand in no brackets. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const char = text[at] ?? ',';
    if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  return parts.filter((part) => part !== '');
}
