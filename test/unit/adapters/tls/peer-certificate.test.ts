import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { peerCertificate } from '../../../../services/adapters/tls/peer-certificate.ts';
import { judgePeer } from '../../../../services/core/check/judge-certificate.ts';
import { exitCodeOf, saying } from '../../../../services/core/check/finding.ts';

const key = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const names = { ca: 'KAFKA_SSL_CA', cert: 'KAFKA_SSL_CERT', key: 'KAFKA_SSL_KEY', otherwise: 'Look.' };

describe('a certificate of ours that OpenSSL refuses', () => {
  it('is a finding and no bug: the configuration is wrong', async () => {
    // Nobody is connected to.
    const seen = await peerCertificate('127.0.0.1', 1, { cert: broken, key });
    const findings = judgePeer(saying('kafka'), 'b:9093', seen, names, 0);
    expect(findings).toMatchObject([
      { level: 'fail', fault: 'config', finding: 'our certificate or key cannot be used' },
    ]);
    expect(findings[0]?.fix).toContain('KAFKA_SSL_CERT');
    expect(exitCodeOf(findings)).toBe(78);
  });

  it('is told from a server that cannot be reached', async () => {
    const seen = await peerCertificate('127.0.0.1', 1, {});
    expect(judgePeer(saying('kafka'), 'b:9093', seen, names, 0)).toMatchObject([
      { level: 'fail', fault: 'unavailable', finding: 'TLS fails: ECONNREFUSED', fix: 'Look.' },
    ]);
  });
});
