/** How to reach the brokers and who to be there. */
import { concealing, isEndpoint, missing, oneOf, type TlsFiles, tlsFiles } from './settings-parts.ts';
import type { SettingName } from './settings-shape.ts';
import type { Found, SettingsSource } from './settings-source.ts';

const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

/** Reading a secret member gives what its file holds at that moment: read it when logging in, and keep no copy. */
export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: 'oauthbearer'; readonly token: string }
  | { readonly mechanism: 'oauthbearer'; readonly client: TokenClient };

/** OAuth 2.0 client credentials (RFC 6749, 4.4). */
export type TokenClient = {
  readonly url: string;
  readonly id: string;
  readonly secret: string;
  readonly scope: string | null;
};

export type KafkaSurroundings = {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl: boolean | TlsFiles;
  readonly sasl: KafkaSasl | null;
};

export function kafka(source: SettingsSource, clientId: string, required: boolean): KafkaSurroundings | null {
  const found = source.find('KAFKA_BROKERS');
  if (found === null) {
    if (required) missing(source, 'KAFKA_BROKERS', 'HOST:PORT of some brokers, separated by commas');
    return null;
  }
  const brokers = found.text
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  const wrong = brokers.filter((broker) => !isEndpoint(broker));
  if (brokers.length === 0 || wrong.length > 0) {
    source.report(found.from, 'KAFKA_BROKERS is no list of HOST:PORT', 'Write HOST:PORT,HOST:PORT without a scheme.');
  }
  return Object.freeze({ brokers: Object.freeze(brokers), clientId, ssl: ssl(source), sasl: sasl(source) });
}

function sasl(source: SettingsSource): KafkaSasl | null {
  const username = source.findSecret('KAFKA_SASL_USERNAME');
  const password = source.findSecret('KAFKA_SASL_PASSWORD');
  const token = source.findContent('KAFKA_SASL_OAUTH_TOKEN_FILE');
  const url = source.find('KAFKA_SASL_OAUTH_TOKEN_URL');
  const id = source.find('KAFKA_SASL_OAUTH_CLIENT_ID');
  const secret = source.findSecret('KAFKA_SASL_OAUTH_CLIENT_SECRET');
  const scope = source.find('KAFKA_SASL_OAUTH_SCOPE');
  const declared = source.find('KAFKA_SASL_MECHANISM');
  const mechanism = oneOf(source, declared, SASL_MECHANISMS);
  const orphaned = (them: readonly (Found | null)[], without: string, fix: string): void => {
    for (const one of them) if (one !== null) source.report(one.from, `${one.name} is set, but ${without}`, fix);
  };
  if (declared === null) {
    const fix = `Set KAFKA_SASL_MECHANISM to ${SASL_MECHANISMS.join(', ')}.`;
    orphaned([username, password, token, url, id, secret, scope], 'no mechanism', fix);
    return null;
  }
  if (mechanism === null) return null;
  if (mechanism !== 'oauthbearer') {
    orphaned([token, url, id, secret, scope], `the mechanism is ${mechanism}`, 'Remove it, or use oauthbearer.');
    if (username === null) missing(source, 'KAFKA_SASL_USERNAME', 'the user, since KAFKA_SASL_MECHANISM is set');
    if (password === null) missing(source, 'KAFKA_SASL_PASSWORD', 'the password, since KAFKA_SASL_MECHANISM is set');
    if (username === null || password === null) return null;
    const login = {
      mechanism,
      get username() {
        return username.now();
      },
      get password() {
        return password.now();
      },
    };
    return concealing(login, ['password']);
  }
  orphaned([username, password], 'the mechanism is oauthbearer', 'Remove it, or use another mechanism.');
  if (token !== null) {
    const fix = 'Remove it, or KAFKA_SASL_OAUTH_TOKEN_FILE.';
    orphaned([url, id, secret, scope], 'KAFKA_SASL_OAUTH_TOKEN_FILE is too', fix);
    const login = {
      mechanism,
      get token() {
        return token.now().trim();
      },
    };
    return concealing(login, ['token']);
  }
  if (url === null) {
    orphaned([id, secret, scope], 'no KAFKA_SASL_OAUTH_TOKEN_URL', 'Set KAFKA_SASL_OAUTH_TOKEN_URL.');
    missing(source, 'KAFKA_SASL_OAUTH_TOKEN_FILE', 'a file that holds the token; or set KAFKA_SASL_OAUTH_TOKEN_URL');
    return null;
  }
  checkTokenUrl(source, url);
  const need = (name: SettingName, what: string, one: Found | null): void => {
    if (one === null) missing(source, name, `${what}, since KAFKA_SASL_OAUTH_TOKEN_URL is set`);
  };
  need('KAFKA_SASL_OAUTH_CLIENT_ID', 'the client', id);
  need('KAFKA_SASL_OAUTH_CLIENT_SECRET', "the client's secret", secret);
  if (id === null || secret === null) return null;
  const client = {
    url: url.text,
    id: id.text,
    get secret() {
      return secret.now();
    },
    scope: scope?.text ?? null,
  };
  return Object.freeze({ mechanism, client: concealing(client, ['secret']) });
}

/** The client's secret is sent there, so that it has to be https, or stay on this machine. */
function checkTokenUrl(source: SettingsSource, found: Found): void {
  const url = URL.canParse(found.text) ? new URL(found.text) : null;
  const local = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && local))) {
    source.report(found.from, 'KAFKA_SASL_OAUTH_TOKEN_URL is no https URL', 'Write https://HOST/PATH.');
  } else if (url.username !== '' || url.password !== '') {
    const fix = 'Put them into KAFKA_SASL_OAUTH_CLIENT_ID and KAFKA_SASL_OAUTH_CLIENT_SECRET (or _FILE).';
    source.report(found.from, 'KAFKA_SASL_OAUTH_TOKEN_URL holds credentials', fix);
  }
}

function ssl(source: SettingsSource): boolean | TlsFiles {
  const files = tlsFiles(source, 'KAFKA_SSL');
  const found = source.find('KAFKA_SSL');
  const on = found === null ? null : { true: true, '1': true, false: false, '0': false }[found.text.toLowerCase()];
  if (found !== null && on === undefined)
    source.report(found.from, 'KAFKA_SSL is neither on nor off', 'Use true or false.');
  const any = Object.keys(files).length > 0;
  if (found !== null && on === false && any) {
    const fix = 'Turn it on, or remove KAFKA_SSL_CA, KAFKA_SSL_CERT and KAFKA_SSL_KEY.';
    source.report(found.from, 'KAFKA_SSL is off, but certificates are set', fix);
  }
  return any ? files : on === true;
}
