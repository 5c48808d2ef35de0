import type { Series } from '../storage/contract.ts';
import { InfluxError } from './errors.ts';

type Test = (series: Series) => boolean;

const TOKEN = /\s*(?:(\(|\)|!=|=~|!~|=)|"((?:[^"\\]|\\.)*)"|([^\s()=!"']+))/y;

interface Token {
  readonly text: string;
  readonly position: number;
  readonly kind: 'sign' | 'word' | 'quoted';
}

/**
 * InfluxDB's delete predicate: `tag="value"` or `tag!="value"` joined by AND, brackets allowed; the
 * measurement is `_measurement`. Everything else is refused in its words.
 */
export function parsePredicate(text: string): Test {
  if (text.trim() === '') return () => true;
  const tokens = tokenize(text);
  const tests: Test[] = [];
  let depth = 0;
  for (let at = 0; at < tokens.length; ) {
    at = skip(tokens, at, '(', () => depth++);
    tests.push(comparison(tokens, at));
    at = skip(tokens, at + 3, ')', () => depth--);
    const next = tokens[at];
    if (next === undefined) break;
    requireAnd(next);
    at++;
    if (at === tokens.length) throw refused('the logical expression is not complete');
  }
  if (depth !== 0) throw refused('extra ( seen');
  return (series) => tests.every((test) => test(series));
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const position = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw refused(`bad characters at position ${position}`);
    const [, sign, quoted, word] = match;
    if (sign !== undefined) tokens.push({ text: sign, position, kind: 'sign' });
    else if (quoted !== undefined) {
      tokens.push({ text: quoted.replace(/\\(.)/g, '$1'), position, kind: 'quoted' });
    } else tokens.push({ text: word!, position, kind: 'word' });
  }
  return tokens;
}

function skip(tokens: readonly Token[], start: number, sign: string, each: () => void): number {
  let at = start;
  while (tokens[at]?.kind === 'sign' && tokens[at]?.text === sign) {
    each();
    at++;
  }
  return at;
}

function comparison(tokens: readonly Token[], at: number): Test {
  const [key, operator, value] = tokens.slice(at, at + 3);
  if (!key || key.kind === 'sign' || !operator || !value || value.kind === 'sign') {
    throw refused(`bad logical expression, at position ${key?.position ?? 0}`);
  }
  const { text: sign, position } = operator;
  if (sign === '=~' || sign === '!~') {
    throw refused(`operator: "${sign}" at position: ${position} is not supported yet`);
  }
  if (sign !== '=' && sign !== '!=') {
    throw refused(`invalid operator "${sign}" at position: ${position}`);
  }
  if (key.text === '_field') {
    throw new InfluxError('not implemented', 'delete by field is not supported');
  }
  const equal = sign === '=';
  return (series) => {
    // As in InfluxDB, a series without the tag is neither equal nor unequal.
    const tag = tagOf(series, key.text);
    return tag !== undefined && (tag === value.text) === equal;
  };
}

function tagOf(series: Series, key: string): string | undefined {
  return key === '_measurement' ? series.measurement : series.tags.get(key);
}

function requireAnd({ text, kind, position }: Token): void {
  const word = text.toUpperCase();
  if (kind === 'word' && word === 'AND') return;
  if (kind === 'word' && word === 'OR') {
    throw refused(`the logical operator OR is not supported yet at position ${position + 1}`);
  }
  throw refused(`bad logical expression, at position ${position}`);
}

function refused(message: string): InfluxError {
  return new InfluxError('invalid', `error decoding json body: ${message}`);
}
