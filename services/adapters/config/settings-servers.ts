/** How to reach Redis and the schema registry, and who to be there. */
import { concealing, missing, type TlsFiles, tlsFiles } from './settings-parts.ts';
import type { SettingsSource } from './settings-source.ts';

export type RedisSurroundings = {
  readonly url: string;
  readonly tls: TlsFiles;
  /** Who to be at the next log-in: the URL by then, and what stands in no URL. There where the URL alone does not say. */
  readonly login?: () => { readonly url: string; readonly username: string | null; readonly password: string | null };
};

export type RegistrySurroundings = {
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  /** Who to be at the next request. There where files say it, which may change. */
  readonly login?: () => { readonly user: string; readonly password: string };
  /** There where certificates are set. */
  readonly tls?: TlsFiles;
};

export function redis(source: SettingsSource, required: boolean): RedisSurroundings | null {
  const url = source.findSecret('REDIS_URL');
  const username = source.findSecret('REDIS_USERNAME');
  const password = source.findSecret('REDIS_PASSWORD');
  if (url === null) {
    if (required) missing(source, 'REDIS_URL', 'redis://HOST:PORT');
    return null;
  }
  // What comes after the scheme is checked where it is used, by adapters/redis.
  if (!/^rediss?(\+cluster)?:\/\/./i.test(url.text)) {
    const fix = 'Write redis://HOST:PORT, rediss://HOST:PORT for TLS, or redis+cluster://HOST:PORT,HOST:PORT.';
    source.report(url.from, 'REDIS_URL is no Redis URL', fix);
  }
  const double = username ?? password;
  if (double !== null && url.text.includes('@')) {
    const fix = `Take user and password out of REDIS_URL, or remove ${double.name}.`;
    source.report(double.from, `${double.name} is set, but REDIS_URL holds credentials too`, fix);
  }
  if (username !== null && password === null) {
    source.report(username.from, `${username.name} is set alone`, 'Set REDIS_PASSWORD or REDIS_PASSWORD_FILE too.');
  }
  const tls = tlsFiles(source, 'REDIS');
  if (Object.keys(tls).length > 0 && !/^rediss/i.test(url.text)) {
    const fix = 'Write rediss:// for TLS, or remove REDIS_CA, REDIS_CERT and REDIS_KEY.';
    source.report(url.from, 'REDIS_URL asks for no TLS, but certificates are set', fix);
  }
  const login = () => ({
    url: url.now(),
    username: username?.now() ?? null,
    password: password?.now() ?? null,
  });
  const live = double !== null || url.name.endsWith('_FILE');
  return concealing({ url: url.text, tls, ...(live ? { login } : {}) }, ['url']);
}

export function registry(source: SettingsSource, required: boolean): RegistrySurroundings | null {
  const found = source.findSecret('SCHEMA_REGISTRY_URL');
  const user = source.findSecret('SCHEMA_REGISTRY_USER');
  const password = source.findSecret('SCHEMA_REGISTRY_PASSWORD');
  if (found === null) {
    if (required) missing(source, 'SCHEMA_REGISTRY_URL', 'the base URL of the schema registry');
    return null;
  }
  const url = URL.canParse(found.text) ? new URL(found.text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    source.report(found.from, 'SCHEMA_REGISTRY_URL is no http(s) URL', 'Write http://HOST:PORT or https://HOST/PATH.');
    return null;
  }
  if (url.username !== '' || url.password !== '') {
    const fix = 'Put them into SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD (or _FILE), not into the URL.';
    source.report(found.from, 'SCHEMA_REGISTRY_URL holds credentials', fix);
  }
  if ((user === null) !== (password === null)) {
    const half = user ?? password ?? found;
    source.report(half.from, `${half.name} is set alone`, 'Set user and password, or neither.');
  }
  const tls = tlsFiles(source, 'SCHEMA_REGISTRY');
  const secured = Object.keys(tls).length > 0;
  if (secured && url.protocol !== 'https:') {
    const fix = 'Write https://, or remove SCHEMA_REGISTRY_CA, SCHEMA_REGISTRY_CERT and SCHEMA_REGISTRY_KEY.';
    source.report(found.from, 'SCHEMA_REGISTRY_URL asks for no TLS, but certificates are set', fix);
  }
  const live = [user, password].some((one) => one?.name.endsWith('_FILE') === true);
  const settings = {
    url: found.text.replace(/\/+$/, ''),
    user: user?.text ?? null,
    password: password?.text ?? null,
    ...(user === null || password === null || !live
      ? {}
      : { login: () => ({ user: user.now(), password: password.now() }) }),
    ...(secured ? { tls } : {}),
  };
  return concealing(settings, ['password']);
}
