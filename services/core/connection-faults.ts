/** What went wrong where two sides could not agree on TLS, in words, with what to do. */

export type ConnectionFault = { readonly reason: string; readonly fix: string };

/** What a person sets for this connection. */
export type TlsSettingNames = {
  readonly address: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** How to ask for TLS, and how not to, as sentences. */
  readonly on: string;
  readonly off: string;
};

/** Codes of our own, for what Node has none: set on errors by those who open sockets. */
export const TLS_HUNG_UP = 'ERR_TLS_HUNG_UP';
export const TLS_WANTED = 'ERR_TLS_WANTED';
export const TLS_FILES_UNUSABLE = 'ERR_TLS_FILES_UNUSABLE';

const UNTRUSTED =
  /^(UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_(UNTRUSTED|SIGNATURE_FAILURE|CHAIN_TOO_LONG)|INVALID_CA)$/;
/** What servers say of a client's certificate differs: Java says BAD_CERTIFICATE where there is none. */
const OURS_REFUSED =
  /ALERT_(NO_CERTIFICATE|BAD_CERTIFICATE|CERTIFICATE_(REQUIRED|UNKNOWN|EXPIRED|REVOKED)|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/;
const NO_TLS = /^ERR_(TLS_HUNG_UP|SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST))$/;

/**
 * @param code of Node's error: OpenSSL's verification codes, `ERR_TLS_…`, `ERR_SSL_…`
 * @returns null where the code is not about TLS
 */
export function tlsFault(code: string, names: TlsSettingNames): ConnectionFault | null {
  const { address, ca, cert, key } = names;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const fix = `Write a name into ${address} that its certificate holds for, or have one issued for this name.`;
    return { reason: 'its certificate does not hold for that name', fix };
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const reason = `its certificate ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}`;
    return { reason, fix: "Have the server's certificate renewed, and check this machine's clock." };
  }
  if (UNTRUSTED.test(code)) {
    const fix = `Set ${ca} to the certificate of the authority that issued it.`;
    return { reason: 'its certificate was issued by nobody that is trusted here', fix };
  }
  if (OURS_REFUSED.test(code)) {
    const fix = `Set ${cert} and ${key} to a certificate that it trusts and that has not expired.`;
    return { reason: 'it refuses our certificate, or misses one', fix };
  }
  if (NO_TLS.test(code)) return { reason: 'it hung up on the TLS handshake', fix: names.off };
  if (code === TLS_WANTED) return { reason: 'it wants TLS', fix: names.on };
  // OpenSSL's own: broken PEM, or a key of another certificate.
  if (code === TLS_FILES_UNUSABLE || code.startsWith('ERR_OSSL_')) {
    const fix = `Check that ${ca}, ${cert} and ${key} are whole PEM files and that the key is that of the certificate.`;
    return { reason: 'our certificate or key cannot be used', fix };
  }
  // So Node calls an answer that is no TLS, mostly.
  if (code === 'EPROTO') return { reason: 'the TLS handshake failed', fix: names.off };
  if (code.startsWith('ERR_SSL_')) {
    const fix = `Check that both sides speak TLS 1.2 or 1.3, and what ${ca}, ${cert} and ${key} hold.`;
    return { reason: 'the TLS handshake failed', fix };
  }
  return null;
}

/** The codes in an error and its causes, innermost last. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string') codes.push(code);
  }
  return codes;
}

/** What a TLS error among an error and its causes comes to; null where there is none. */
export function tlsFaultOf(error: unknown, names: TlsSettingNames): (ConnectionFault & { code: string }) | null {
  for (const code of codesOf(error)) {
    const fault = tlsFault(code, names);
    if (fault !== null) return { ...fault, code };
  }
  return null;
}
