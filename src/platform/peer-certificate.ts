import { isIP } from 'node:net';
import tls from 'node:tls';
import type { Clock } from './clock.ts';
import { withDeadline } from './clock.ts';
import { sha256Hex } from './digest.ts';
import { errorCode } from './errors.ts';

/** A longer chain is nobody's; it also ends a circle. */
const CHAIN_MAX = 10;

/** One certificate of those a server shows. */
export interface ShownCertificate {
  readonly pem: string;
  /** SHA-256 of the DER form, 64 hex digits. */
  readonly sha256: string;
  /** Epoch ms. */
  readonly validUntil: number;
}

/**
 * What the server at `url` shows in a TLS handshake, its own certificate first. Nothing is believed and nothing is sent: the connection is
 * closed before a byte of a request, so that a stranger learns no more than that somebody called. Rejects with Node's errors.
 */
export function readShownCertificates(
  url: URL,
  clock: Clock,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly ShownCertificate[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return withDeadline(clock, options.timeoutMs, options.signal, async (signal) => {
    const socket = tls.connect({
      host,
      port: Number(url.port) || 443,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false, // it is asked who it says it is; `authority` of the real requests decides
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const abort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('the connection was closed during the handshake')));
      });
      return chainOf(socket);
    } finally {
      signal.removeEventListener('abort', abort);
      socket.on('error', () => undefined);
      socket.destroy();
    }
  });
}

function chainOf(socket: tls.TLSSocket): readonly ShownCertificate[] {
  const chain: ShownCertificate[] = [];
  let one: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (one?.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push({ pem: toPem(one.raw), sha256: sha256Hex(one.raw), validUntil: Date.parse(one.valid_to) });
    one = one.issuerCertificate === one ? undefined : one.issuerCertificate;
  }
  return chain;
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** SHA-256 of the first certificate in a PEM text; `undefined` where there is none. */
export function pemSha256(pem: string): string | undefined {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem)?.[1];
  return body === undefined ? undefined : sha256Hex(Buffer.from(body, 'base64'));
}

/**
 * TLS options of a request to a server that is known by `authority`, a certificate in PEM: it, and no authority of the system, must be the
 * server's own certificate or have issued it. OpenSSL checks signatures and dates, Node the host name; only where the server shows `authority`
 * itself a name can add nothing.
 */
export function trustOnly(authority: string): tls.ConnectionOptions {
  const expected = pemSha256(authority);
  return {
    ca: authority,
    allowPartialTrustChain: true, // a given certificate of a company may be known without that company's root
    minVersion: 'TLSv1.2',
    checkServerIdentity: (host, certificate) =>
      sha256Hex(certificate.raw) === expected ? undefined : tls.checkServerIdentity(host, certificate),
  };
}

/** Whether the handshake failed because the other side answered in something else, plain HTTP as a rule. */
export function isNoTls(error: unknown): boolean {
  return errorCode(error) === 'EPROTO' && /wrong version number|packet length too long/.test(String(error));
}

/** OpenSSL's and Node's words for "this certificate is not one to be trusted". */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export function isUntrusted(code: string): boolean {
  return UNTRUSTED.has(code);
}
