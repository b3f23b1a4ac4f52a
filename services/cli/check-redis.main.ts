import type { Settings } from '../adapters/config/settings.ts';
import { askRedis } from '../adapters/redis/authority.ts';
import type { RedisClient } from '../adapters/redis/client.ts';
import { makeRedisConsentProjection } from '../adapters/redis/consent-projection.ts';
import { parseRedisUrl } from '../adapters/redis/endpoint.ts';
import { peerCertificate, validUntil } from '../adapters/tls/peer-certificate.ts';
import { type Finding, saying } from '../core/check/finding.ts';
import { judgeCertificate, judgePeer } from '../core/check/judge-certificate.ts';
import { judgeRedisRights, judgeRedisServer } from '../core/check/judge-redis.ts';
import { judgeClock, judgeView } from '../core/check/judge-view.ts';
import { redisExcess, type RedisRights } from '../core/check/redis-rights.ts';
import type { Role } from '../core/check/role.ts';
import { LetheError } from '../core/errors.ts';

const say = saying('redis');

const TLS_SETTINGS = {
  ca: 'REDIS_CA',
  cert: 'REDIS_CERT',
  key: 'REDIS_KEY',
  otherwise: 'Check REDIS_CA, that the certificate names this host, and that Redis speaks TLS there.',
};

/** Certificates of `rediss://`, and whether each is trusted. */
export async function checkRedisTls({ url, tls }: NonNullable<Settings['redis']>): Promise<readonly Finding[]> {
  const endpoint = parseRedisUrl(url);
  if (!endpoint.tls) return [];
  const until = tls.cert === undefined ? null : validUntil(tls.cert);
  const own = until === null ? [] : [judgeCertificate(say, 'REDIS_CERT', until, Date.now())];
  const seen = await Promise.all(
    endpoint.nodes.map(async ({ host, port }) => {
      const name = `${host}:${port}`;
      return judgePeer(say, name, await peerCertificate(host, port, tls), TLS_SETTINGS, Date.now());
    }),
  );
  return [...own, ...seen.flat()];
}

export async function checkRedis(
  client: RedisClient,
  needs: {
    /** As the settings name it; null: Redis' own default. */
    readonly user: string | null;
    readonly roles: readonly Role[];
    readonly rights: RedisRights;
    readonly keepsDataKeys: boolean;
    readonly maxStalenessMs: number;
  },
): Promise<readonly Finding[]> {
  const { roles, rights, maxStalenessMs } = needs;
  try {
    const probes = [...rights.probes, ...redisExcess(rights).flatMap((one) => one.probes)];
    const facts = await askRedis(client, probes, Date.now);
    const user = facts.user ?? needs.user ?? 'default';
    const findings = [
      ...judgeRedisServer(client.endpoint, facts.info, needs.keepsDataKeys),
      ...judgeRedisRights(rights, facts.may, user),
      ...judgeClock(facts.clockOffsetMs, facts.clockDoubtMs, maxStalenessMs),
    ];
    // It is nothing to who only pushes, and who may not read it was told so above.
    const readsView = roles.some((role) => role !== 'push');
    if (!readsView || facts.may({ command: ['get', 'lethe:consent:{check}'], harmless: true }) === false)
      return findings;
    const watermark = await makeRedisConsentProjection(client).watermark();
    return [...findings, ...judgeView(watermark, Date.now(), maxStalenessMs, roles)];
  } catch (error) {
    if (!(error instanceof LetheError)) throw error;
    return [say.fail(client.endpoint, error.message, error.fix ?? '')];
  }
}
