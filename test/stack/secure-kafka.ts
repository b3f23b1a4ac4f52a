/**
 * A real Kafka broker that nobody reaches without TLS and a name: one listener that wants a certificate (mTLS), one that
 * takes SASL (PLAIN, SCRAM-SHA-256 and -512, OAUTHBEARER with signed tokens). The user `NAME` is `User:NAME` whichever way
 * it comes in. With `authorizer: true` nobody but `admin` may do anything until an ACL says so.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { brokerAnswers } from '../../deploy/local/broker-answers.ts';
import type { Log } from '../../deploy/local/error.ts';
import { kafkaJavaArgs, newClusterId, prepareKafka, serverProperties } from '../../deploy/local/kafka.ts';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { launchTwice, startProcessPart } from '../../deploy/local/process-part.ts';
import { run } from '../../deploy/local/run-command.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { ensureTools } from '../../deploy/local/tools.ts';
import { type Authority, type Certificate, makeAuthority } from './certificates.ts';

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

/** How a user comes in. */
export type Entrance = 'mtls' | (typeof MECHANISMS)[number];

export type SecureKafkaOptions = {
  /** Passwords of the users of PLAIN and SCRAM; certificates and tokens need no entry. */
  readonly users?: Readonly<Record<string, string>>;
  /** Deny by default; `admin` alone is above it. Else everybody who got in may do everything. */
  readonly authorizer?: boolean;
  /** After so many milliseconds a SASL connection has to say again who it is (KIP-368). Default: never. */
  readonly reauthenticateMs?: number;
  readonly log?: Log;
};

export type SecureKafka = {
  readonly part: Part;
  /** `localhost:PORT`; its certificate holds for localhost alone, so that 127.0.0.1:PORT is the wrong name. */
  readonly endpoints: { readonly mtls: string; readonly sasl: string };
  readonly authority: Authority;
  /** A directory for files of the test, gone with the broker. */
  readonly directory: string;
  /** A client of `admin`, who may do everything, and its connected admin: topics, ACLs. */
  readonly kafka: Kafka;
  readonly admin: Admin;
  /** Lethe's settings of a user, secrets in files (made here) whose paths they name. */
  readonly settings: (entrance: Entrance, user: string) => Promise<Record<string, string>>;
  /** A token of the user, signed by the key that the broker trusts. */
  readonly token: (user: string, lifetimeSeconds?: number) => string;
  /** Gives a user of SCRAM-SHA-512 a new password (1 to 2 s); connections that are open stay so. */
  readonly setPassword: (user: string, password: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Ports = { readonly mtls: number; readonly sasl: number; readonly controller: number };

function properties(
  ports: Ports,
  runDir: RunDir,
  options: SecureKafkaOptions,
  server: Certificate,
  ca: string,
): string {
  const users = Object.entries(options.users ?? {}).map(([name, password]) => ` user_${name}="${password}"`);
  const sasl = 'listener.name.sasl';
  const login = 'org.apache.kafka.common.security';
  const text = [
    // A later line wins over an earlier one.
    serverProperties({ broker: ports.mtls, controller: ports.controller }, join(runDir.path, 'kafka')),
    `controller.quorum.voters=1@localhost:${ports.controller}`,
    `listeners=MTLS://127.0.0.1:${ports.mtls},SASL://127.0.0.1:${ports.sasl},CONTROLLER://127.0.0.1:${ports.controller}`,
    `advertised.listeners=MTLS://localhost:${ports.mtls},SASL://localhost:${ports.sasl}`,
    'listener.security.protocol.map=MTLS:SSL,SASL:SASL_SSL,CONTROLLER:SSL',
    'inter.broker.listener.name=MTLS',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${server.both}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${ca}`,
    'listener.name.mtls.ssl.client.auth=required',
    'listener.name.controller.ssl.client.auth=required',
    'ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/',
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    `${sasl}.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required${users.join('')};`,
    `${sasl}.scram-sha-256.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
    `${sasl}.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
    `${sasl}.oauthbearer.sasl.jaas.config=${login}.oauthbearer.OAuthBearerLoginModule required;`,
    `${sasl}.oauthbearer.sasl.server.callback.handler.class=${login}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    `sasl.oauthbearer.jwks.endpoint.url=file://${join(runDir.path, 'jwks.json')}`,
    'sasl.oauthbearer.expected.audience=kafka',
    ...(options.reauthenticateMs === undefined ? [] : [`connections.max.reauth.ms=${options.reauthenticateMs}`]),
    // Refused clients would otherwise wait.
    'connection.failed.authentication.delay.ms=0',
    ...(options.authorizer === true
      ? [
          'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users=User:broker;User:admin',
        ]
      : []),
    '',
  ];
  return text.join('\n');
}

const clientProperties = (client: Certificate, ca: string): string =>
  [
    'security.protocol=SSL',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${client.both}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${ca}`,
    '',
  ].join('\n');

/** Starts the broker (about 3 s once Kafka is in the cache). Nothing of it outlives this process. */
export async function startSecureKafka(options: SecureKafkaOptions = {}): Promise<SecureKafka> {
  const { log = () => {}, users = {} } = options;
  await ensureTools(['java', 'openssl'], log);
  const runDir = createRunDir();
  try {
    const { home, options: quick } = await prepareKafka(runDir, log);
    const authority = await makeAuthority(join(runDir.path, 'authority'));
    const server = await authority.issue('broker');
    const adminCertificate = await authority.issue('admin');
    const identity = {
      ca: readFileSync(authority.ca, 'utf8'),
      cert: readFileSync(adminCertificate.cert, 'utf8'),
      key: readFileSync(adminCertificate.key, 'utf8'),
    };
    const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const published = { ...signer.publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'ES256', use: 'sig' };
    writeFileSync(join(runDir.path, 'jwks.json'), JSON.stringify({ keys: [published] }));
    const adminProperties = join(runDir.path, 'admin.properties');
    writeFileSync(adminProperties, clientProperties(adminCertificate, authority.ca));
    const tool = (mainClass: string) => kafkaJavaArgs(home, ['-XX:TieredStopAtLevel=1'], mainClass);

    let ports: Ports = { mtls: 0, sasl: 0, controller: 0 };
    const part = await launchTwice('kafka', log, async () => {
      const [mtls = 0, sasl = 0, controller = 0] = await freePorts(3);
      ports = { mtls, sasl, controller };
      const file = join(runDir.path, `kafka-${mtls}.properties`);
      writeFileSync(file, properties(ports, runDir, options, server, authority.ca));
      const added = Object.entries(users).flatMap(([name, password]) =>
        ['256', '512'].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=${name},password=${password}]`]),
      );
      const format = ['format', '--ignore-formatted', '-t', newClusterId(), '-c', file, ...added];
      await run(runDir, 'format', 'java', [...tool('kafka.tools.StorageTool'), ...format]);
      const trust = `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${join(runDir.path, 'jwks.json')}`;
      const memory = ['-Xms256m', '-Xmx1g', '-XX:+UseSerialGC'];
      return startProcessPart(runDir, {
        name: 'kafka',
        endpoint: `localhost:${mtls}`,
        dataDir: join(runDir.path, 'kafka'),
        command: 'java',
        args: [...kafkaJavaArgs(home, [...quick, ...memory, trust], 'kafka.Kafka'), file],
        answers: () => brokerAnswers(`localhost:${mtls}`, (to) => connect({ ...to, ...identity })),
        startTimeoutMs: 60_000,
      });
    });
    const endpoints = { mtls: `localhost:${ports.mtls}`, sasl: `localhost:${ports.sasl}` };
    const kafka = new kafkajs.Kafka({
      brokers: [endpoints.mtls],
      ssl: identity,
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 50, retries: 12 },
    });
    const admin = kafka.admin();
    await admin.connect();

    function token(user: string, lifetimeSeconds = 3_600): string {
      const now = Math.floor(Date.now() / 1000);
      // A lifetime below zero: a token that ran out. It was issued before that.
      const issued = Math.min(now, now + lifetimeSeconds - 60);
      const claims = { sub: user, iat: issued, exp: now + lifetimeSeconds, aud: 'kafka', iss: 'test' };
      const head = [{ alg: 'ES256', kid: 'test', typ: 'JWT' }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const signature = sign('sha256', Buffer.from(head), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' });
      return `${head}.${signature.toString('base64url')}`;
    }

    async function settings(entrance: Entrance, user: string): Promise<Record<string, string>> {
      const trust = { KAFKA_SSL_CA: authority.ca };
      if (entrance === 'mtls') {
        const { cert, key } = await authority.issue(user);
        return { ...trust, KAFKA_BROKERS: endpoints.mtls, KAFKA_SSL_CERT: cert, KAFKA_SSL_KEY: key };
      }
      const secret = join(directory, `${user}.${entrance}`);
      writeFileSync(secret, entrance === 'oauthbearer' ? token(user) : (users[user] ?? ''), { mode: 0o600 });
      const sasl = { ...trust, KAFKA_BROKERS: endpoints.sasl, KAFKA_SASL_MECHANISM: entrance };
      return entrance === 'oauthbearer'
        ? { ...sasl, KAFKA_SASL_OAUTH_TOKEN_FILE: secret }
        : { ...sasl, KAFKA_SASL_USERNAME: user, KAFKA_SASL_PASSWORD_FILE: secret };
    }

    const directory = join(runDir.path, 'files');
    mkdirSync(directory);
    return {
      part,
      endpoints,
      authority,
      directory,
      kafka,
      admin,
      settings,
      token,
      setPassword: async (user, password) => {
        const change = [
          '--alter',
          '--entity-type',
          'users',
          '--entity-name',
          user,
          '--add-config',
          `SCRAM-SHA-512=[password=${password}]`,
        ];
        const via = ['--bootstrap-server', endpoints.mtls, '--command-config', adminProperties];
        await run(runDir, 'set-password', 'java', [...tool('kafka.admin.ConfigCommand'), ...via, ...change]);
      },
      stop: async () => {
        await admin.disconnect();
        await part.kill();
        runDir.remove();
      },
    };
  } catch (error) {
    runDir.remove();
    throw error;
  }
}
