import { type Config, settings } from './config.ts';
import type { Setting } from './setting.ts';

/** What the secret settings hold: keys, tokens, passwords of URLs. For the log to hide. */
export function secretsOf(config: Config): readonly string[] {
  const secret = Object.entries(settings as Record<string, Setting>).filter(
    ([, entry]) => entry.secret,
  );
  return secret.flatMap(([key]) => textsOf(config[key as keyof Config]));
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return URL.canParse(value) ? ofUrl(value) : [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  // A key of the API has a name and a role beside its secret: those are shown.
  return 'secret' in value ? textsOf(value.secret) : Object.values(value).flatMap(textsOf);
}

function ofUrl(text: string): readonly string[] {
  const { password } = new URL(text);
  return [text, password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not encoded at all: it stands for itself.
  }
}
