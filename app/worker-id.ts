import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Who holds leases: readable, and no other process, here or elsewhere, now or later, is it. */
export function newWorkerId(): { readonly host: string; readonly id: string } {
  const host = hostname();
  return { host, id: `${host} ${process.pid} ${randomUUID()}` };
}
