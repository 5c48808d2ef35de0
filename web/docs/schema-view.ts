/** What a schema allows, as a list of names with types and descriptions. */
import { type Child, h } from '../dom.ts';
import { nameOfRef, type OpenApi, type Schema } from './document.ts';

type Schemas = OpenApi['components']['schemas'];

/** The members of a schema; of a named one inside of it when it is opened. */
export function schemaView(schema: Schema, schemas: Schemas): HTMLElement {
  const members = membersOf(schema, schemas);
  if (members === undefined)
    return h('p', {}, h('code', {}, typeText(schema)), ' ', aboutOf(schema));
  const { properties = {}, required = [] } = members;
  return h(
    'ul',
    { class: 'members' },
    Object.entries(properties).map(([name, part]) =>
      h(
        'li',
        {},
        h('code', { class: 'member' }, name),
        ' ',
        h('span', { class: 'soft' }, typeText(part)),
        required.includes(name) ? h('span', { class: 'needed' }, 'required') : null,
        h('div', {}, aboutOf(part)),
        inside(part, schemas),
      ),
    ),
  );
}

/** The shape below a member, closed at first: shapes may hold each other. */
function inside(part: Schema, schemas: Schemas): Child {
  if (membersOf(part, schemas) === undefined) return null;
  const box = h('details', {}, h('summary', {}, `Members of ${typeText(part)}`));
  box.addEventListener('toggle', () => box.append(schemaView(part, schemas)), { once: true });
  return box;
}

/** The object that a schema is, is a list of, or is besides null. */
function membersOf(schema: Schema, schemas: Schemas): Schema | undefined {
  if (schema.$ref !== undefined) {
    const found = schemas[nameOfRef(schema.$ref)];
    return found && membersOf(found, schemas);
  }
  if (schema.properties !== undefined) return schema;
  if (schema.items !== undefined) return membersOf(schema.items, schemas);
  for (const part of schema.anyOf ?? []) {
    const found = membersOf(part, schemas);
    if (found !== undefined) return found;
  }
  const { additionalProperties: rest } = schema;
  return typeof rest === 'object' ? membersOf(rest, schemas) : undefined;
}

/** `string, null`, `Monitor[]`, `"up" | "down"`. */
export function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOfRef(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined)
    return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeText))].join(' | ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['anything']);
  return types
    .map((type) => {
      if (type !== 'array') return type;
      const item = schema.items === undefined ? 'anything' : typeText(schema.items);
      return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
    })
    .join(' | ');
}

/** Description, default, bounds and examples in one sentence each. */
export function aboutOf(schema: Schema): Child {
  const { description, default: usual, examples, maxLength, maxItems } = schema;
  const bounds = [
    boundsOf(schema),
    maxLength === undefined ? '' : `At most ${maxLength} characters.`,
    maxItems === undefined ? '' : `At most ${maxItems} of them.`,
  ].filter((text) => text !== '');
  return [
    description === undefined ? null : prose(description),
    bounds.length === 0 ? null : ` ${bounds.join(' ')}`,
    usual === undefined ? null : [' Default ', h('code', {}, JSON.stringify(usual)), '.'],
    examples === undefined ? null : [' For example ', h('code', {}, plainText(examples[0])), '.'],
  ];
}

/** What no number of ours reaches is no bound. */
function boundsOf({ minimum, maximum }: Schema): string {
  const least = minimum === undefined || Math.abs(minimum) >= 1e14 ? undefined : minimum;
  const most = maximum === undefined || Math.abs(maximum) >= 1e14 ? undefined : maximum;
  if (least !== undefined && most !== undefined) return `From ${least} to ${most}.`;
  if (least !== undefined) return `At least ${least}.`;
  return most === undefined ? '' : `At most ${most}.`;
}

/** Text with `code` in it, and paragraphs. */
export function prose(text: string): Child {
  return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
}

export function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
