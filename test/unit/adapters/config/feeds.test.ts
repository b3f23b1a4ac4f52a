import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { LetheError } from '../../../../services/core/errors.ts';
import { writtenFeeds } from '../../core/feeds/written-feed.ts';

const TOKEN = { scheme: 'api_token' };
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const PEM = { type: 'spki', format: 'pem' } as const;
const FILES = {
  old: `whsec_${Buffer.alloc(24, 1).toString('base64')}\n`,
  new: `whsec_${Buffer.alloc(32, 2).toString('base64')}\n`,
  plain: 'sixteen bytes at least\n',
  short: 'zebra\n',
  public: p384.publicKey.export(PEM) as string,
  private: p384.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export(PEM) as string,
};

function problemOf(feeds: Parameters<typeof writtenFeeds>[0]): string {
  try {
    writtenFeeds(feeds, FILES);
  } catch (error) {
    expect(error).toBeInstanceOf(LetheError);
    expect((error as LetheError).code).toBe('invalid_config');
    return (error as Error).message;
  }
  throw new Error('it was taken');
}

describe('the feeds file', () => {
  it('holds feeds with secrets beside it, several to change them', () => {
    const purposes = { a: ['analytics'] };
    const header = 'X-Signature';
    const feeds = writtenFeeds(
      {
        site: { kind: 'webhook', auth: { scheme: 'standard_webhooks', secret_files: ['old', 'new'] }, may_erase: true },
        segment: {
          kind: 'segment',
          auth: { scheme: 'hmac', header, algorithm: 'sha1', encoding: 'hex', secret_files: ['plain'] },
          purposes,
        },
        onetrust: {
          kind: 'onetrust',
          auth: { scheme: 'shared_header', header: 'Authorization', prefix: 'Bearer ', secret_files: ['plain'] },
          purposes,
        },
        transcend: { kind: 'transcend', auth: { scheme: 'sombra_token', public_key_files: ['public'] }, purposes },
      },
      FILES,
    );
    const secret = Buffer.from('sixteen bytes at least');
    expect(feeds.map(({ name, auth, mayErase, source }) => ({ name, auth, mayErase, source }))).toEqual([
      {
        name: 'site',
        auth: { scheme: 'standard_webhooks', secrets: [Buffer.alloc(24, 1), Buffer.alloc(32, 2)] },
        mayErase: true,
        source: 'feed:site',
      },
      {
        name: 'segment',
        auth: {
          scheme: 'hmac',
          header: 'x-signature',
          algorithm: 'sha1',
          encoding: 'hex',
          prefix: '',
          secrets: [secret],
        },
        mayErase: false,
        source: 'feed:segment',
      },
      {
        name: 'onetrust',
        auth: { scheme: 'shared_header', header: 'authorization', prefix: 'Bearer ', secrets: [secret] },
        mayErase: false,
        source: 'feed:onetrust',
      },
      {
        name: 'transcend',
        auth: { scheme: 'sombra_token', publicKeys: [FILES.public.trim()] },
        mayErase: false,
        source: 'feed:transcend',
      },
    ]);
  });

  it.each([
    ['an unknown key', { site: { kind: 'gpc', auth: TOKEN, purpose: 'x' } }, /1:\d+: .*`purpose`/],
    ['an unknown kind', { site: { kind: 'didomi', auth: TOKEN } }, /kind/],
    ['no auth', { site: { kind: 'gpc' } }, /`auth` is missing/],
    ['a name that is no part of a URL', { 'my site': { kind: 'gpc', auth: TOKEN } }, /my site/],
    ['a pointer that is none', { site: { kind: 'gpc', auth: TOKEN, subject: 'user.id' } }, /subject/],
    ['a TCF purpose that is none', { site: { kind: 'tcf', auth: TOKEN, purposes: { a: [25] } } }, /1:\d+/],
    ['a purpose for nothing', { site: { kind: 'tcf', auth: TOKEN, purposes: { a: [] } } }, /1:\d+/],
    [
      'a file that is not there',
      { site: { kind: 'gpc', auth: { scheme: 'standard_webhooks', secret_files: ['gone'] } } },
      /gone cannot be read \(ENOENT\)/,
    ],
    [
      'a secret that is too short',
      { site: { kind: 'gpc', auth: { scheme: 'shared_header', header: 'x', secret_files: ['short'] } } },
      /short holds fewer than 16 bytes/,
    ],
    [
      'a secret of another scheme',
      { site: { kind: 'gpc', auth: { scheme: 'standard_webhooks', secret_files: ['plain'] } } },
      /whsec_BASE64/,
    ],
    [
      'a private key',
      { site: { kind: 'gpc', auth: { scheme: 'sombra_token', public_key_files: ['private'] } } },
      /no public key on P-384/,
    ],
    [
      'another curve',
      { site: { kind: 'gpc', auth: { scheme: 'sombra_token', public_key_files: ['p256'] } } },
      /no public key on P-384/,
    ],
    [
      'two purposes of the provider that become one',
      { site: { kind: 'onetrust', auth: TOKEN, purposes: { a: ['analytics'], b: ['analytics'] } } },
      /another of the provider's purposes is analytics too/,
    ],
    [
      'a purpose that is mapped and ignored',
      { site: { kind: 'onetrust', auth: TOKEN, purposes: { a: ['analytics'] }, ignore: ['a'] } },
      /is mapped and ignored/,
    ],
  ])('refuses %s, and says where', (_, feeds, expected) => {
    const message = problemOf(feeds);
    expect(message).toMatch(expected);
    expect(message).toMatch(/feeds\.yaml:1:\d+: /);
    expect(message).not.toMatch(/zebra|sixteen|PRIVATE KEY/);
  });

  it('names the line', () => {
    const text = 'feeds:\n  site:\n    kind: gpc\n    auth: { scheme: api_token }\n    regin: DE\n';
    expect(problemOf(text)).toMatch(/feeds\.yaml:5:5: .*regin/);
  });

  it('says where the file cannot be read', async () => {
    const { readFeeds } = await import('../../../../services/adapters/config/feeds.ts');
    expect(() => readFeeds('/nowhere/feeds.yaml')).toThrow(/LETHE_FEEDS_FILE .*ENOENT/);
  });
});
