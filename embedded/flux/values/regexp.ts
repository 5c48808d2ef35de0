import { RE2JS } from 're2js';
import { messageOf } from '../../../core/errors.ts';
import type { Position } from '../../../core/flux-ast.ts';
import { FluxError } from '../error.ts';
import { Regexp } from './value.ts';

const compiled = new WeakMap<Regexp, RE2JS>();

/** RE2: time linear in the text whatever the pattern. Plain texts are matched without it. */
export function compileRegexp(source: string, at?: Position): Regexp {
  const program = parse(source, at);
  const test = plainTest(source) ?? ((text: string) => program.matcher(text).find());
  const regexp = new Regexp(source, test);
  compiled.set(regexp, program);
  return regexp;
}

function parse(source: string, at: Position | undefined): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (cause) {
    const message = `error parsing regexp: ${messageOf(cause)}`;
    throw new FluxError(message, 'invalid', at, cause);
  }
}

/** The compiled program, for functions that need matches and groups. */
export function programOf(regexp: Regexp): RE2JS {
  const known = compiled.get(regexp);
  if (known) return known;
  const program = parse(regexp.source, undefined);
  compiled.set(regexp, program);
  return program;
}

/** `abc`, `^abc`, `abc$` and `^abc$` are what most filters ask. */
function plainTest(source: string): ((text: string) => boolean) | undefined {
  const plain = /^(\^?)([\w :/@#%&=,;'"<>!~-]*)(\$?)$/.exec(source);
  if (!plain) return undefined;
  const [, start, text = '', end] = plain;
  if (start && end) return (value) => value === text;
  if (start) return (value) => value.startsWith(text);
  return end ? (value) => value.endsWith(text) : (value) => value.includes(text);
}
