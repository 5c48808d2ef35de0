export interface PoolOptions<T> {
  /** Most at once. */
  readonly max: number;
  /** Most at once of one host. */
  readonly hostMax: number;
  /** False: it did not start after all, and takes no room. */
  readonly start: (item: T) => boolean;
}

interface Host<T> {
  running: number;
  /** From `head` on; what was before it is gone. Shifting long arrays takes long. */
  waiting: T[];
  head: number;
}

const GONE_MAX = 1_000;

/**
 * Starts things as soon as there is room for them: in turn over their hosts, so that one with
 * thousands that wait, or with answers that take long, keeps no other from its turn.
 */
export class Pool<T extends { readonly host: string }> {
  readonly #options: PoolOptions<T>;
  readonly #hosts = new Map<string, Host<T>>();
  /** Hosts with something that waits and room for it. */
  readonly #ready = new Set<string>();
  #running = 0;
  #waiting = 0;

  constructor(options: PoolOptions<T>) {
    this.#options = options;
  }

  /** Places that are taken. */
  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Whether something waits for a place, and not for its host. */
  get full(): boolean {
    return this.#running >= this.#options.max && this.#ready.size > 0;
  }

  /** The first that waits of each host that has room, or would have if there were places. */
  *next(): Iterable<T> {
    for (const name of this.#ready) {
      const host = this.#hosts.get(name);
      const item = host?.waiting[host.head];
      if (item !== undefined) yield item;
    }
  }

  offer(item: T): void {
    const host = this.#host(item.host);
    host.waiting.push(item);
    this.#waiting += 1;
    if (host.running < this.#options.hostMax) this.#ready.add(item.host);
    this.#pump();
  }

  /** The host is left alone again; the place is still taken. */
  leaveHost(name: string): void {
    const host = this.#host(name);
    host.running -= 1;
    if (host.waiting.length > host.head) this.#ready.add(name);
    else this.#forget(name, host);
    this.#pump();
  }

  /** A place is free again. */
  leavePlace(): void {
    this.#running -= 1;
    this.#pump();
  }

  /** Takes out what waits and is to go. */
  take(goes: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (const [name, host] of this.#hosts) {
      const left: T[] = [];
      const before = taken.length;
      for (let at = host.head; at < host.waiting.length; at += 1) {
        const item = host.waiting[at] as T;
        (goes(item) ? taken : left).push(item);
      }
      if (taken.length === before) continue;
      Object.assign(host, { waiting: left, head: 0 });
      if (left.length > 0) continue;
      this.#ready.delete(name);
      this.#forget(name, host);
    }
    this.#waiting -= taken.length;
    return taken;
  }

  #host(name: string): Host<T> {
    const known = this.#hosts.get(name);
    if (known) return known;
    const host = { running: 0, waiting: [], head: 0 };
    this.#hosts.set(name, host);
    return host;
  }

  #pump(): void {
    const { max, hostMax, start } = this.#options;
    for (const name of this.#ready) {
      if (this.#running >= max) return;
      const host = this.#host(name);
      // Behind all the others: a set keeps the order in which it was filled.
      this.#ready.delete(name);
      const item = host.waiting[host.head];
      if (item === undefined) continue;
      host.head += 1;
      if (host.head > GONE_MAX) host.head -= host.waiting.splice(0, host.head).length;
      this.#waiting -= 1;
      if (start(item)) {
        this.#running += 1;
        host.running += 1;
      }
      if (host.waiting.length === host.head) this.#forget(name, host);
      else if (host.running < hostMax) this.#ready.add(name);
    }
  }

  /** Of one that nothing waits for. */
  #forget(name: string, host: Host<T>): void {
    if (host.running === 0) this.#hosts.delete(name);
    Object.assign(host, { waiting: [], head: 0 });
  }
}
