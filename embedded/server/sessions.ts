import { randomBytes } from 'node:crypto';

const LIFE_MS = 3_600_000;
const SESSIONS_MAX = 1000;

interface Session {
  readonly userID: string;
  readonly expiresMs: number;
}

/** Who has signed in by password. In memory: a restart signs everybody out. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The new session's key and its end. */
  open(userID: string): { key: string; expiresMs: number } {
    this.#forgetExpired();
    const key = randomBytes(32).toString('base64url');
    const expiresMs = this.#nowMs() + LIFE_MS;
    this.#sessions.set(key, { userID, expiresMs });
    return { key, expiresMs };
  }

  userOf(key: string): string | undefined {
    const session = this.#sessions.get(key);
    return session && session.expiresMs > this.#nowMs() ? session.userID : undefined;
  }

  close(key: string): void {
    this.#sessions.delete(key);
  }

  #forgetExpired(): void {
    const now = this.#nowMs();
    for (const [key, { expiresMs }] of this.#sessions) {
      const crowded = this.#sessions.size >= SESSIONS_MAX;
      if (expiresMs <= now || crowded) this.#sessions.delete(key);
    }
  }
}
