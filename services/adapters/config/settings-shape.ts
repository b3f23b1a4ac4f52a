/** Every setting there is: the name is the same in the environment and in gateway.yaml (DESIGN section 9). */
import { z } from 'zod';

const text = (description: string) => z.string().min(1).exactOptional().meta({ description });
const whole = (description: string) =>
  z
    .union([z.int(), z.string().min(1)])
    .exactOptional()
    .meta({ description });
const file = (description: string) => text(`${description} A file, relative to this one.`);

export const settingsShape = z
  .strictObject({
    KAFKA_BROKERS: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .exactOptional()
      .meta({ description: 'HOST:PORT of some brokers; several as a list, or separated by commas.' }),
    KAFKA_SASL_MECHANISM: text('plain, scram-sha-256, scram-sha-512 or oauthbearer; none where it is not set.'),
    KAFKA_SASL_USERNAME: text('User at the brokers.'),
    KAFKA_SASL_USERNAME_FILE: file('Holds KAFKA_SASL_USERNAME.'),
    KAFKA_SASL_PASSWORD: text('Password at the brokers. Better: KAFKA_SASL_PASSWORD_FILE.'),
    KAFKA_SASL_PASSWORD_FILE: file('Holds KAFKA_SASL_PASSWORD.'),
    KAFKA_SASL_OAUTH_TOKEN_FILE: file('Holds the token of oauthbearer; read at every log-in.'),
    KAFKA_SASL_OAUTH_TOKEN_URL: text(
      'https URL that gives tokens of oauthbearer for client credentials (RFC 6749, 4.4).',
    ),
    KAFKA_SASL_OAUTH_CLIENT_ID: text('Client at KAFKA_SASL_OAUTH_TOKEN_URL.'),
    KAFKA_SASL_OAUTH_CLIENT_SECRET: text('Its secret. Better: KAFKA_SASL_OAUTH_CLIENT_SECRET_FILE.'),
    KAFKA_SASL_OAUTH_CLIENT_SECRET_FILE: file('Holds KAFKA_SASL_OAUTH_CLIENT_SECRET.'),
    KAFKA_SASL_OAUTH_SCOPE: text('Scope to ask tokens for.'),
    KAFKA_SSL: z
      .union([z.boolean(), z.string().min(1)])
      .exactOptional()
      .meta({ description: 'TLS to the brokers; true by itself where one of KAFKA_SSL_CA, _CERT, _KEY is set.' }),
    KAFKA_SSL_CA: file('PEM certificates that the brokers are checked against.'),
    KAFKA_SSL_CERT: file('PEM certificate to show to the brokers.'),
    KAFKA_SSL_KEY: file('PEM key of KAFKA_SSL_CERT.'),
    REDIS_URL: text('redis://HOST:PORT, rediss:// for TLS, redis+cluster://HOST:PORT,HOST:PORT for a cluster.'),
    REDIS_URL_FILE: file('Holds REDIS_URL.'),
    REDIS_USERNAME: text('User at Redis (ACL), where it does not stand in REDIS_URL.'),
    REDIS_USERNAME_FILE: file('Holds REDIS_USERNAME.'),
    REDIS_PASSWORD: text('Password at Redis, where it does not stand in REDIS_URL. Better: REDIS_PASSWORD_FILE.'),
    REDIS_PASSWORD_FILE: file('Holds REDIS_PASSWORD.'),
    REDIS_CA: file('PEM certificates that Redis is checked against.'),
    REDIS_CERT: file('PEM certificate to show to Redis.'),
    REDIS_KEY: file('PEM key of REDIS_CERT.'),
    SCHEMA_REGISTRY_URL: text('Base URL of the Confluent API, e.g. http://localhost:8081.'),
    SCHEMA_REGISTRY_URL_FILE: file('Holds SCHEMA_REGISTRY_URL.'),
    SCHEMA_REGISTRY_USER: text('User at the schema registry.'),
    SCHEMA_REGISTRY_USER_FILE: file('Holds SCHEMA_REGISTRY_USER.'),
    SCHEMA_REGISTRY_PASSWORD: text('Password at the schema registry. Better: SCHEMA_REGISTRY_PASSWORD_FILE.'),
    SCHEMA_REGISTRY_PASSWORD_FILE: file('Holds SCHEMA_REGISTRY_PASSWORD.'),
    SCHEMA_REGISTRY_CA: file('PEM certificates that the schema registry is checked against.'),
    SCHEMA_REGISTRY_CERT: file('PEM certificate to show to the schema registry.'),
    SCHEMA_REGISTRY_KEY: file('PEM key of SCHEMA_REGISTRY_CERT.'),
    LETHE_GROUP_ID: text('Kafka consumer group of all workers of one gateway. Default lethe.'),
    LETHE_HTTP_HOST: text('Address of /metrics, /livez and /readyz. Default 0.0.0.0.'),
    LETHE_HTTP_PORT: whole('Port of /metrics, /livez and /readyz; 0 for any free one. Default 9464.'),
    LETHE_API_TOKENS_FILE: file(
      'SHA-256 of each token of the control API to its name and scopes. "lethe control" serves no API without it.',
    ),
    LETHE_API_HOST: text('Address of the control API. Default 127.0.0.1.'),
    LETHE_API_PORT: whole('Port of the control API; 0 for any free one. Default 8080.'),
    LETHE_API_TLS_CERT: file('PEM certificate of the control API, which then speaks HTTPS.'),
    LETHE_API_TLS_KEY: file('PEM key of LETHE_API_TLS_CERT.'),
    LETHE_API_REQUESTS_PER_MINUTE: whole('Of a token that says nothing else. Default 6000.'),
    LETHE_FEEDS_FILE: file('Who may tell the control API of consents by itself, and what its words mean.'),
    LETHE_KEYS_FILE: file('JSON: key name to base64 bytes.'),
    LETHE_PSEUDONYM_EPOCHS: text(
      'When later versions of the key `pseudonym` began: 2=2026-06-01T00:00:00Z,3=… For `lethe pseudonym`.',
    ),
    LETHE_PSEUDONYM_KEEP: text(
      'For how long after its end pseudonyms of an epoch may be resolved, ISO 8601. Default: while the key is there.',
    ),
    LETHE_CONSENT_MAX_STALENESS: text('Age of the consent view that pauses the streams, ISO 8601. Default PT60S.'),
    LETHE_SESSION_TIMEOUT: text(
      "Silence after which the group gives a worker's partitions to others, ISO 8601; within the brokers' bounds. Default PT10S.",
    ),
    LETHE_BATCH_BYTES: whole('Raw bytes of one partition that are decided about in one transaction. Default 1048576.'),
    LETHE_MAX_RECORD_BYTES: whole('Longer raw values are dead letters (too_large). Default 10485760.'),
    LETHE_MAX_DEPTH: whole('Deeper raw values are dead letters (undecodable). Default 512.'),
    LETHE_VAULT_ADDR: text('Base URL of the Vault that wraps data keys; without it the keys file does.'),
    LETHE_VAULT_TOKEN: text('Token at Vault. Better: LETHE_VAULT_TOKEN_FILE.'),
    LETHE_VAULT_TOKEN_FILE: file('Holds LETHE_VAULT_TOKEN.'),
    LETHE_VAULT_TRANSIT_KEY: text('Name of the key of the transit engine.'),
    LETHE_VAULT_TRANSIT_MOUNT: text('Path of the transit engine. Default transit.'),
    LETHE_REQUEST_DEADLINES: text(
      'By when requests of subjects are to be completed, by regime. Default gdpr=P30D,ccpa=P45D.',
    ),
    LETHE_CALLBACK_HOSTS: text(
      'HOST or HOST:PORT, separated by commas: what callbacks of requests of subjects may name, with https. A private or loopback address only where it is named itself, with its port; http only to loopback. Default: none, callbacks are refused.',
    ),
    OTEL_SDK_DISABLED: text('true: no traces, whatever else is set.'),
    OTEL_TRACES_EXPORTER: text(
      'otlp: the worker sends traces; none: it does not. Default otlp where an endpoint is set.',
    ),
    OTEL_EXPORTER_OTLP_ENDPOINT: text('Base URL of an OTLP/HTTP collector. Default http://localhost:4318.'),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text(
      'URL that takes traces, in place of OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces.',
    ),
    OTEL_EXPORTER_OTLP_PROTOCOL: text('http/protobuf or http/json. Default http/protobuf.'),
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: text('In place of OTEL_EXPORTER_OTLP_PROTOCOL.'),
    OTEL_EXPORTER_OTLP_HEADERS: text(
      'Headers for the collector, NAME=VALUE,…, percent-encoded. Better: OTEL_EXPORTER_OTLP_HEADERS_FILE.',
    ),
    OTEL_EXPORTER_OTLP_HEADERS_FILE: file('Holds OTEL_EXPORTER_OTLP_HEADERS.'),
    OTEL_SERVICE_NAME: text('What traces call the worker. Default lethe.'),
    OTEL_TRACES_SAMPLER: text(
      'always_on, always_off, traceidratio, or one of these after parentbased_. Default parentbased_always_on.',
    ),
    OTEL_TRACES_SAMPLER_ARG: text('Share of batches to trace by a ratio, 0 to 1. Default 1.'),
    LETHE_LOG_LEVEL: text('trace, debug, info, warn, error, fatal or silent. Default info.'),
  })
  .meta({ title: 'Lethe settings' });

export type SettingsDocument = z.infer<typeof settingsShape>;

export type SettingName = keyof SettingsDocument;

export const SETTING_NAMES = Object.keys(settingsShape.shape) as readonly SettingName[];
