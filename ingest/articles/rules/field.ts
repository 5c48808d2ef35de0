import { RULE_FIELDS } from '../../../registry/rules.ts';

/** Where a term may be looked for. `symbol`: the currencies that an article speaks of. */
export const FIELDS = RULE_FIELDS;

export type Field = (typeof FIELDS)[number];

/** A set of fields as bits. */
export function maskOf(fields: readonly Field[]): number {
  return fields.reduce((mask, field) => mask | bitOf(field), 0);
}

export function bitOf(field: Field): number {
  return 1 << FIELDS.indexOf(field);
}

/** Where a term is looked for that does not say. */
export const DEFAULT_MASK = maskOf(['title', 'summary', 'body']);

export function isField(name: string): name is Field {
  return (FIELDS as readonly string[]).includes(name);
}
