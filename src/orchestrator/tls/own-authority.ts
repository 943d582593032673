import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { createAuthority, issueServerCertificate, type KeyedCertificate } from './issue-certificate.ts';
import type { CertificateSource, ServerCertificate } from './server-certificate.ts';

/** A server certificate is made anew when it is valid for less than this. */
export const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;
/** An authority that ends within a year is told in the log: every server must join again under the next one. */
const AUTHORITY_ENDS_SOON_MS = 365 * 24 * 3_600_000;
/** A certificate with more names than this is refused by some; a host with more addresses has containers. */
const NAMES_MAX = 60;

/**
 * The authority that this orchestrator made for itself, in `<home>/orchestrator/tls`: `authority.pem` (ten years) signs `server.pem` (397 days,
 * made anew 30 days before its end or when a name is added). Tokens carry the authority's fingerprint, so a renewal is nothing to agents.
 * Each file has certificate and key together: two files could be of two ages after a power loss.
 */
export class OwnAuthority implements CertificateSource {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #logger: Logger;

  constructor(options: { readonly folder: string; readonly names: readonly string[]; readonly logger: Logger }) {
    this.#folder = options.folder;
    this.#names = options.names;
    this.#logger = options.logger;
  }

  async load(now: number): Promise<ServerCertificate> {
    const authority = await this.#authority(now);
    const authorityX509 = new X509Certificate(authority.certificate);
    const authorityEnds = authorityX509.validToDate.getTime();
    if (authorityEnds - now < AUTHORITY_ENDS_SOON_MS)
      this.#logger.warn('the authority of this orchestrator ends within a year', {
        validUntil: authorityX509.validToDate.toISOString(),
      });
    const server = await this.#server(authority, authorityX509, now);
    return {
      chain: server.certificate + authority.certificate,
      key: server.key,
      fingerprint: sha256Of(authorityX509),
      authority: authority.certificate,
      validUntil: new X509Certificate(server.certificate).validToDate.getTime(),
    };
  }

  async #authority(now: number): Promise<KeyedCertificate> {
    const path = join(this.#folder, 'authority.pem');
    const stored = await readKeyed(path);
    // A new one in its place would lock every server out: that is for its owner to decide.
    if (stored === 'damaged')
      throw new NervesysError('NSV_TLS_UNUSABLE', `read the orchestrator's own authority ${path}: it is damaged`, {
        hint: 'put it back from a backup; or delete it, whereupon a new one is made and every server must join again with a new token',
      });
    if (stored !== undefined) return stored;
    const made = await createAuthority(now);
    await this.#write(path, made);
    this.#logger.info('an authority was made for this orchestrator', {
      fingerprint: sha256Of(new X509Certificate(made.certificate)),
    });
    return made;
  }

  async #server(authority: KeyedCertificate, issuer: X509Certificate, now: number): Promise<KeyedCertificate> {
    const path = join(this.#folder, 'server.pem');
    const stored = await readKeyed(path);
    if (stored !== undefined && stored !== 'damaged' && isGood(stored, issuer, this.#names, now)) return stored;
    const made = await issueServerCertificate(authority, this.#names, now);
    await this.#write(path, made);
    this.#logger.info('a server certificate was issued', { names: this.#names.join(' ') });
    return made;
  }

  async #write(path: string, { certificate, key }: KeyedCertificate): Promise<void> {
    try {
      await writeFileAtomic(path, certificate + key);
    } catch (cause) {
      throw new NervesysError('NSV_HOME_UNUSABLE', `keep ${path}: ${(cause as Error).message}`, { cause });
    }
  }
}

/** Every name by which this machine may be called: given ones, the address listened on, its own names and addresses. */
export function certificateNames(options: {
  readonly host: string;
  readonly publicUrl: string | undefined;
  readonly names: readonly string[];
}): readonly string[] {
  const publicHost = options.publicUrl === undefined ? [] : [new URL(options.publicUrl).hostname];
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const found = [
    ...publicHost,
    ...options.names,
    options.host,
    'localhost',
    '127.0.0.1',
    '::1',
    hostname(),
    ...addresses,
  ]
    .map((name) => name.replace(/^\[|\]$/g, '').toLowerCase())
    .filter((name) => /^[a-z0-9._:-]{1,253}$/.test(name) && !/^(0\.0\.0\.0|::|fe80:.*)$/.test(name));
  return [...new Set(found)].slice(0, NAMES_MAX);
}

function isGood(stored: KeyedCertificate, issuer: X509Certificate, names: readonly string[], now: number): boolean {
  const certificate = new X509Certificate(stored.certificate);
  const ends = certificate.validToDate.getTime();
  const hosts = certificate.subjectAltName?.split(', ') ?? [];
  return (
    certificate.verify(issuer.publicKey) &&
    certificate.validFromDate.getTime() <= now &&
    // One that ends with its authority can't be made any longer-lived.
    (ends - now > RENEW_BEFORE_MS || (ends >= issuer.validToDate.getTime() && ends > now)) &&
    names.every((name) => (isIP(name) === 0 ? hosts.includes(`DNS:${name}`) : certificate.checkIP(name) !== undefined))
  );
}

async function readKeyed(path: string): Promise<KeyedCertificate | 'damaged' | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw new NervesysError('NSV_HOME_UNUSABLE', `read ${path}: ${(cause as Error).message}`, { cause });
  }
  const certificate = /^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0];
  if (certificate === undefined) return 'damaged';
  const key = text.slice(certificate.length);
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : 'damaged';
  } catch {
    return 'damaged'; // never with the parser's message: the text holds the key
  }
}

/** As tokens write it: 64 lower-case hex digits. */
export function sha256Of(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
