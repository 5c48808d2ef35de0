/** The settings: what is wrong with them, and what is unwise. */
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../../api/keys/auth.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';

export function checkSettings({ mistakes, strangers }: Patient): Finding[] {
  const wrong = mistakes.map((text) => {
    const [name, ...rest] = text.split(': ');
    return fail('settings', `${name}: ${rest.join(': ')}`, `mend ${name}: docs/configuration.md`);
  });
  const odd = strangers.map((text) => {
    const [name = '', hint = ''] = text.split(': ');
    return warn('settings', `${name} is no setting of Tidemark`, `${hint} Or unset it.`);
  });
  return wrong.length + odd.length > 0 ? [...wrong, ...odd] : [ok('settings', 'all well-formed')];
}

const WEAK_BELOW = 24;
const DIFFERENT_MIN = 8;
/** Words of examples and of haste. */
const USUAL = /change-?me|secret|password|example|12345|qwerty|letmein|admin/i;
const MAKE_ONE = 'make one: openssl rand -hex 24';

/** Keys of API_KEYS alone: those that were made by command are as strong as they can be. */
export function checkKeys({ config }: Patient): Finding[] {
  const { apiKeys, host } = config;
  if (apiKeys.length === 0) {
    if (isLoopback(host)) return [ok('keys', `none in API_KEYS: ${host} is open to this machine`)];
    const fix = 'set API_KEYS=name:role:secret, or make a key: tidemark keys create NAME';
    return [warn('keys', `none in API_KEYS, and HOST is ${host}`, fix)];
  }
  const weak = apiKeys.flatMap(({ name, secret }) => {
    const why =
      secret.length < WEAK_BELOW
        ? `has ${secret.length} characters`
        : new Set(secret).size < DIFFERENT_MIN
          ? 'is made of few characters'
          : USUAL.test(secret)
            ? 'holds a usual word'
            : undefined;
    return why === undefined ? [] : [warn('keys', `the secret of ${name} ${why}`, MAKE_ONE)];
  });
  return weak.length > 0 ? weak : [ok('keys', `${apiKeys.length} in API_KEYS`)];
}

/** Whether what messages link to is what their readers reach. */
export function checkPublicUrl({ config }: Patient): Finding {
  const { host, port, publicUrl } = config;
  if (publicUrl === undefined) {
    const found = `links in messages lead to http://${host}:${port}`;
    if (isLoopback(host)) return ok('links', `${found}, for readers on this machine`);
    return warn('links', found, 'set PUBLIC_URL to what readers reach');
  }
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:' || isLoopback(hostname)) return ok('links', `lead to ${publicUrl}`);
  return warn('links', `lead to ${publicUrl}, which is not encrypted`, 'serve PUBLIC_URL by https');
}

/** Whether HOST is an address of this machine. Names are left to the start. */
export function checkHost({ config }: Patient): Finding[] {
  const bare = config.host.replace(/^\[|\]$/g, '');
  if (!/^[\d.]+$|:/.test(bare) || isLoopback(bare) || /^(0\.0\.0\.0|::)$/.test(bare)) return [];
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  if (own.some(({ address }) => address === bare)) return [];
  const fix = `set HOST to one of ${own.map(({ address }) => address).join(', ')}, or 0.0.0.0`;
  return [fail('host', `${bare} is no address of this machine`, fix)];
}
