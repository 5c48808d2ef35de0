import { LiteralScan } from './literal-scan.ts';
import { compilePart, Machine, type MachinePart } from './pattern-machine.ts';
import { requiredLiterals } from './required-literals.ts';

/** Of one machine: of more, states are made faster than texts can use them. */
const MACHINE_INSTRUCTIONS_MAX = 1_000;
/** Memory of the automatons of all machines. */
const BYTES_MAX = 64 * 1024 * 1024;

/** Where a pattern matched, in UTF-16 units. */
export type Span = readonly [from: number, to: number];

export interface SetPattern {
  readonly source: string;
  readonly flags: string;
  /** Instructions that it compiles to. */
  readonly size: number;
}

/** Patterns that want the same literals: they are run together, over texts that have them. */
interface Group {
  /** How many sets of literals; of each one literal has to be there. None: always run. */
  readonly wants: number;
  readonly machines: Machine[];
  /** Instructions that the last machine may still take. */
  room: number;
}

/**
 * Patterns of all rules together. Those with the same literals in them are one automaton, which is
 * run over the texts that have these; time is linear in the text, whatever the patterns.
 */
export class PatternSet {
  readonly #parts: MachinePart[] = [];
  readonly #ids = new Map<string, number>();
  readonly #literals = new LiteralScan();
  readonly #groups = new Map<string, Group>();
  /** Of each literal: the groups that want it, and as which of their sets. */
  readonly #wanted: { readonly group: Group; readonly bit: number }[][] = [];
  /** What the automatons take that were used, the longest ago first. */
  readonly #used = new Map<Machine, number>();
  #bytes = 0;

  get size(): number {
    return this.#parts.length;
  }

  /** `none`: it is there already; `open`: no text can be told to be without it but by running it. */
  costOf({ source, flags }: SetPattern): 'none' | 'open' | 'guarded' {
    if (this.#ids.has(`${flags}/${source}`)) return 'none';
    return requiredLiterals(source).length === 0 ? 'open' : 'guarded';
  }

  /** Its number; the same pattern again has the same. */
  add({ source, flags, size }: SetPattern): number {
    const key = `${flags}/${source}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const part = { id: this.#parts.length, source, flags };
    this.#ids.set(key, part.id);
    this.#parts.push(part);
    const group = this.#groupOf(requiredLiterals(source));
    if (group.room < size) {
      group.machines.push(new Machine());
      group.room = MACHINE_INSTRUCTIONS_MAX;
    }
    group.machines.at(-1)!.add(part);
    group.room -= size;
    return part.id;
  }

  /** Of every pattern that matches in the text, the number. */
  match(text: string): number[] {
    const matched: number[] = [];
    for (const { machines } of this.#candidates(text)) {
      for (const machine of machines) {
        matched.push(...machine.match(text));
        this.#account(machine);
      }
    }
    return matched;
  }

  /** The first match of a pattern that matches. */
  locate(id: number, text: string): Span | undefined {
    const matcher = compilePart(this.#parts[id]!).matcher(text);
    return matcher.find() ? [matcher.start(), matcher.end()] : undefined;
  }

  #groupOf(sets: readonly (readonly string[])[]): Group {
    const key = JSON.stringify(sets);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: Group = { wants: sets.length, machines: [], room: 0 };
    this.#groups.set(key, group);
    for (const [bit, set] of sets.entries()) {
      for (const text of new Set(set)) {
        const literal = this.#literals.add(text);
        this.#wanted[literal] ??= [];
        this.#wanted[literal].push({ group, bit });
      }
    }
    return group;
  }

  /** The groups whose literals are all there. */
  #candidates(text: string): Group[] {
    const have = new Map<Group, number>();
    const always = this.#groups.get('[]');
    const whole: Group[] = always === undefined ? [] : [always];
    for (const literal of this.#literals.scan(text)) {
      for (const { group, bit } of this.#wanted[literal]!) {
        const before = have.get(group) ?? 0;
        const now = before | (1 << bit);
        if (now === before) continue;
        have.set(group, now);
        if (now === (1 << group.wants) - 1) whole.push(group);
      }
    }
    return whole;
  }

  /** Automatons grow with the texts: those that were not used for longest are forgotten. */
  #account(machine: Machine): void {
    this.#bytes += machine.bytes - (this.#used.get(machine) ?? 0);
    this.#used.delete(machine);
    this.#used.set(machine, machine.bytes);
    for (const [oldest, bytes] of this.#used) {
      if (this.#bytes <= BYTES_MAX) return;
      oldest.forget();
      this.#used.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}
