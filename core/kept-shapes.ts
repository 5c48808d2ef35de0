/**
 * V8 makes machine code for the shapes of the objects that it meets, and forgets a shape, with all
 * code that was made for it, when a full collection finds no object that has it. Work that comes in
 * bursts, with nothing left of it in between, is compiled anew at each burst then: more CPU than
 * the burst itself. One object of the shape that stays is enough.
 */
const kept: object[] = [];

/** Keeps the shape of an object; the object must be small, and the same at every burst. */
export function keepShape(example: object): void {
  kept.push(example);
}
