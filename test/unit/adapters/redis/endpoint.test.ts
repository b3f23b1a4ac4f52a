import { describe, expect, it } from 'vitest';
import { endpointName, parseRedisUrl } from '../../../../services/adapters/redis/endpoint.ts';

const plain = { cluster: false, tls: false, username: null, password: null, db: 0 };

describe('REDIS_URL', () => {
  it.each([
    ['redis://localhost', { ...plain, nodes: [{ host: 'localhost', port: 6379 }] }],
    ['redis://r:80/', { ...plain, nodes: [{ host: 'r', port: 80 }] }],
    ['rediss://r:6380/3', { ...plain, tls: true, db: 3, nodes: [{ host: 'r', port: 6380 }] }],
    ['redis://[::1]:7000', { ...plain, nodes: [{ host: '::1', port: 7000 }] }],
    ['redis://:p%40ss@r', { ...plain, password: 'p@ss', nodes: [{ host: 'r', port: 6379 }] }],
    ['REDISS://u:p@r', { ...plain, tls: true, username: 'u', password: 'p', nodes: [{ host: 'r', port: 6379 }] }],
    ['redis+cluster://r:1', { ...plain, cluster: true, nodes: [{ host: 'r', port: 1 }] }],
    [
      'rediss+cluster://u:p@a:1,b:2',
      {
        ...plain,
        cluster: true,
        tls: true,
        username: 'u',
        password: 'p',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
      },
    ],
    [
      'redis://a:1, redis://:p@b',
      {
        ...plain,
        cluster: true,
        password: 'p',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
        ],
      },
    ],
  ])('%s', (url, endpoint) => {
    expect(parseRedisUrl(url)).toEqual(endpoint);
  });

  it('is called by its hosts and ports', () => {
    expect(endpointName(parseRedisUrl('redis://u:hidden@a:1,[::1]:2'))).toBe('a:1,[::1]:2');
  });

  it.each([
    [''],
    ['localhost:6379'],
    ['http://hidden@r'],
    ['redis://'],
    ['redis:///hidden'],
    ['redis://:hidden@'],
    ['redis://:hidden@r:99999'],
    ['redis://:hidden@r:port'],
    ['redis://:hidden@r/zero'],
    ['redis://:hidden?@r'],
    ['redis://:hidden#@r'],
    ['redis://:hidden%@r'],
    ['redis://:hidden@a,'],
    ['redis://:hidden@a,rediss://b'],
    ['redis+cluster://:hidden@a/1'],
    ['redis://:hidden@a/1,b'],
  ])('%j is refused, and the error shows nothing of it', (url) => {
    let error: unknown;
    try {
      parseRedisUrl(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'LetheError', code: 'invalid_config' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hidden');
  });
});
