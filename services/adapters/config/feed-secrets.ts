/** Secrets of feeds, each in a file of its own. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { FeedAuth } from '../../core/feeds/feed.ts';
import type { WrittenAuth } from './feeds-shape.ts';

/** A guessed secret lets anybody grant anything. */
const MIN_SECRET = 16;

/**
 * @param file the feeds file, beside which the secrets' files are looked for.
 * @returns null after a report, which never holds a secret.
 */
export function readFeedAuth(file: string, written: WrittenAuth, report: (message: string) => void): FeedAuth | null {
  const read = (name: string): string | null => {
    try {
      return readFileSync(resolve(dirname(file), name), 'utf8').trim();
    } catch (cause) {
      report(`${name} cannot be read (${String((cause as NodeJS.ErrnoException).code)})`);
      return null;
    }
  };
  const all = <T>(names: readonly string[], parse: (text: string, name: string) => T | null): readonly T[] | null => {
    const parsed = names.map((name) => {
      const text = read(name);
      return text === null ? null : parse(text, name);
    });
    return parsed.every((each) => each !== null) ? (parsed as readonly T[]) : null;
  };
  const secret = (text: string, name: string): Uint8Array | null => {
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.length >= MIN_SECRET) return bytes;
    report(`${name} holds fewer than ${MIN_SECRET} bytes`);
    return null;
  };

  switch (written.scheme) {
    case 'standard_webhooks': {
      const secrets = all(written.secret_files, (text, name) => webhookSecret(text) ?? fault(report, name));
      return secrets && { scheme: written.scheme, secrets };
    }
    case 'hmac': {
      const { scheme, header, algorithm, encoding, prefix = '' } = written;
      const secrets = all(written.secret_files, secret);
      return secrets && { scheme, header: header.toLowerCase(), algorithm, encoding, prefix, secrets };
    }
    case 'shared_header': {
      const { scheme, header, prefix = '' } = written;
      const secrets = all(written.secret_files, secret);
      return secrets && { scheme, header: header.toLowerCase(), prefix, secrets };
    }
    case 'sombra_token': {
      const publicKeys = all(written.public_key_files, (text, name) => {
        if (isP384(text)) return text;
        report(`${name} holds no public key on P-384 in PEM`);
        return null;
      });
      return publicKeys && { scheme: written.scheme, publicKeys };
    }
    case 'api_token':
      return { scheme: written.scheme };
  }
}

/** `whsec_` and base64 of 24 to 64 bytes (Standard Webhooks, "Signature scheme"). */
function webhookSecret(text: string): Uint8Array | null {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const bytes = encoded === undefined ? null : Buffer.from(encoded, 'base64');
  return bytes !== null && bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
}

function fault(report: (message: string) => void, name: string): null {
  report(`${name} holds no secret of 24 to 64 bytes, written whsec_BASE64`);
  return null;
}

function isP384(pem: string): boolean {
  try {
    const { type, asymmetricKeyDetails } = createPublicKey(pem);
    return type === 'public' && !pem.includes('PRIVATE') && asymmetricKeyDetails?.namedCurve === 'secp384r1';
  } catch {
    return false;
  }
}
