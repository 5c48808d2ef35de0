/** TypeScript of the schemas in an OpenAPI 3.1 document. No formatting: a formatter follows. */

/** The part of JSON Schema that the API's document uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly contentMediaType?: string;
}

/** How members that may be absent are written; wishes may also hold them as undefined. */
type Use = 'wish' | 'answer';

const COLUMNS = 88;

/** A doc comment of one or more lines; empty where there is nothing to say. */
export function comment(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  const safe = text.replaceAll('*/', '* /').replace(/\s+/g, ' ').trim();
  if (safe.length <= COLUMNS - 6) return `/** ${safe} */\n`;
  const lines = [''];
  for (const word of safe.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > COLUMNS) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return `/**\n${lines.map((line) => ` *${line}\n`).join('')} */\n`;
}

/** `interface` or `type` of a named schema, with its comment. */
export function declarationOf(name: string, schema: JsonSchema): string {
  const use = schema.additionalProperties === false ? 'wish' : 'answer';
  const head = comment(schema.description);
  if (schema.properties !== undefined && schema.anyOf === undefined) {
    return `${head}export interface ${name} ${membersOf(schema, use)}\n`;
  }
  return `${head}export type ${name} = ${typeOf(schema, use)};\n`;
}

/** The type of one schema, in place. */
export function typeOf(schema: JsonSchema, use: Use): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)));
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts !== undefined) return union(parts.map((part) => typeOf(part, use)));
  if (schema.allOf !== undefined) {
    return schema.allOf.map((part) => `(${typeOf(part, use)})`).join(' & ');
  }
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types.length === 0 ? 'unknown' : union(types.map((type) => plain(type, schema, use)));
}

function plain(type: string, schema: JsonSchema, use: Use): string {
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'array') return arrayOf(schema, use);
  return type === 'object' ? objectOf(schema, use) : type;
}

function arrayOf({ items, prefixItems }: JsonSchema, use: Use): string {
  if (prefixItems !== undefined) {
    return `readonly [${prefixItems.map((part) => typeOf(part, use)).join(', ')}]`;
  }
  return `readonly (${items === undefined ? 'unknown' : typeOf(items, use)})[]`;
}

function objectOf(schema: JsonSchema, use: Use): string {
  if (schema.properties !== undefined) return membersOf(schema, use);
  const { additionalProperties: rest } = schema;
  const value = typeof rest === 'object' ? typeOf(rest, use) : 'unknown';
  return `Readonly<Record<string, ${value}>>`;
}

function membersOf({ properties = {}, required = [] }: JsonSchema, use: Use): string {
  const members = Object.entries(properties).map(([name, part]) => {
    const optional = !required.includes(name);
    const orUndefined = optional && use === 'wish' ? ' | undefined' : '';
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    const type = typeOf(part, use);
    return `${comment(part.description)}readonly ${key}${optional ? '?' : ''}: ${type}${orUndefined};`;
  });
  return `{\n${members.join('\n')}\n}`;
}

function union(parts: readonly string[]): string {
  return [...new Set(parts)].join(' | ');
}
