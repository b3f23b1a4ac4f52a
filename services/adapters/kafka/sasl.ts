/** Who we are to the brokers: asked anew at each log-in, so that passwords and tokens can change under a running worker. */
import kafkajs, { type AuthenticationProviderArgs, type KafkaConfig } from 'kafkajs';
import { type TokenClient, tokensOf } from './oauth-token.ts';

/** How kafkajs names the error of a log-in that failed. */
export const SASL_REFUSED = 'KafkaJSSASLAuthenticationError';

/** Members may be getters: they are read at each log-in. */
export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: 'oauthbearer'; readonly token: string }
  | { readonly mechanism: 'oauthbearer'; readonly client: TokenClient };

/** What `makeKafka` gives to kafkajs. */
export function saslOptions(sasl: KafkaSasl): NonNullable<KafkaConfig['sasl']> {
  if (sasl.mechanism === 'oauthbearer') return bearer(sasl);
  // Not the object itself: kafkajs writes into what it is given.
  return {
    mechanism: sasl.mechanism,
    get username() {
      return sasl.username;
    },
    get password() {
      return sasl.password;
    },
  } as NonNullable<KafkaConfig['sasl']>;
}

function bearer(sasl: Extract<KafkaSasl, { mechanism: 'oauthbearer' }>): NonNullable<KafkaConfig['sasl']> {
  const tokens =
    'client' in sasl ? tokensOf(sasl.client) : { token: () => Promise.resolve(sasl.token), refused: () => undefined };
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }: AuthenticationProviderArgs) => ({
      authenticate: async () => {
        const token = await tokens.token();
        try {
          await presentToken(token, saslAuthenticate);
        } catch (error) {
          tokens.refused(token);
          throw error;
        }
      },
    }),
  };
}

/**
 * RFC 7628, section 3. kafkajs' own does not look at the answer, and takes a refused token for an accepted one: a broker
 * refuses by a text in an answer that is no error, and waits for one more message before it fails.
 */
async function presentToken(
  token: string,
  saslAuthenticate: AuthenticationProviderArgs['saslAuthenticate'],
): Promise<void> {
  const answer = await saslAuthenticate({ request: message(`n,,\x01auth=Bearer ${token}\x01\x01`), response });
  if (answer === undefined || answer.length === 0) return;
  await saslAuthenticate({ request: message('\x01'), response }).catch(() => undefined);
  // The class itself is typed as if it took no message.
  const refused = new kafkajs.KafkaJSNonRetriableError('SASL OAUTHBEARER: the token was refused');
  throw Object.assign(refused, { name: SASL_REFUSED });
}

/** Bytes behind their length, as kafkajs wants them and gives them back. */
const message = (text: string) => ({
  encode: () => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  },
});

const response = {
  decode: (bytes: Buffer): Buffer => bytes.subarray(4),
  parse: (bytes: Buffer): Buffer => bytes,
};
