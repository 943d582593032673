import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { NervesysError } from '../../platform/errors.ts';
import { sha256Of } from './own-authority.ts';
import type { CertificateSource, ServerCertificate } from './server-certificate.ts';

const CHAIN_MAX = 10;
const FILE_BYTES_MAX = 1_000_000;

/**
 * A certificate that was given by path (PEM, the server's own first, its issuers after it). It is read again now and then, so that whoever
 * renews the files need not restart anything. Where its issuer is one that Node trusts by itself (a public authority) tokens carry no fingerprint:
 * such certificates are renewed under changing intermediates, and agents check them as everybody does. Any other is pinned by the last
 * certificate of the file.
 */
export class GivenCertificate implements CertificateSource {
  readonly #certificate: string;
  readonly #key: string;

  constructor(options: { readonly certificate: string; readonly key: string }) {
    this.#certificate = options.certificate;
    this.#key = options.key;
  }

  async load(now: number): Promise<ServerCertificate> {
    const chain = await this.#readChain();
    const key = await this.#readKey();
    const own = chain[0]!;
    if (!own.checkPrivateKey(key.object))
      throw unusable(
        `${this.#key} is not the key of the certificate in ${this.#certificate}`,
        'give the key that belongs to it',
      );
    const from = own.validFromDate.getTime();
    const until = own.validToDate.getTime();
    if (until <= now || from > now) {
      const when =
        until <= now ? `ended ${own.validToDate.toISOString()}` : `begins ${own.validFromDate.toISOString()}`;
      throw unusable(
        `the certificate in ${this.#certificate} ${when}`,
        'give one that is valid now, and check this clock',
      );
    }
    for (const [index, one] of chain.entries()) {
      const issuer = chain[index + 1];
      if (issuer !== undefined && !(one.checkIssued(issuer) && one.verify(issuer.publicKey)))
        throw unusable(
          `certificate ${index + 1} in ${this.#certificate} was not issued by the one after it`,
          "put the server's own first, then its issuer, then that one's issuer",
        );
    }
    const top = chain.at(-1)!;
    return {
      chain: chain.map((one) => one.toString()).join(''),
      key: key.pem,
      fingerprint: isPublic(top) ? null : sha256Of(top),
      authority: own.toString(),
      validUntil: until,
    };
  }

  async #readChain(): Promise<readonly X509Certificate[]> {
    const text = await this.#read(this.#certificate);
    const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (found.length === 0 || found.length > CHAIN_MAX)
      throw unusable(
        `${this.#certificate} has ${found.length} certificates in PEM`,
        `give a file with 1 to ${CHAIN_MAX}`,
      );
    try {
      return found.map((pem) => new X509Certificate(pem));
    } catch {
      throw unusable(
        `${this.#certificate} has a certificate that can't be read`,
        'give it as its authority issued it, in PEM',
      );
    }
  }

  async #readKey(): Promise<{ readonly pem: string; readonly object: KeyObject }> {
    const pem = await this.#read(this.#key);
    try {
      return { pem, object: createPrivateKey(pem) };
    } catch {
      // Without the parser's words: they may quote the file.
      throw unusable(`${this.#key} is no private key in PEM without a passphrase`, 'give the key itself, mode 0600');
    }
  }

  async #read(path: string): Promise<string> {
    try {
      const text = await readFile(path, 'utf8');
      if (text.length > FILE_BYTES_MAX) throw new Error('it is too large');
      return text;
    } catch (cause) {
      throw unusable(
        `read ${path}: ${(cause as Error).message}`,
        'check tls in orchestrator.yaml, and who may read that file',
        cause,
      );
    }
  }
}

/** Whether Node, as it comes, trusts what `top` issued; exported for its test. */
export function isPublic(top: X509Certificate): boolean {
  return getCACertificates('default').some((pem) => {
    const root = new X509Certificate(pem);
    return root.fingerprint256 === top.fingerprint256 || (top.checkIssued(root) && top.verify(root.publicKey));
  });
}

function unusable(message: string, hint: string, cause?: unknown): NervesysError {
  return new NervesysError('NSV_TLS_UNUSABLE', message, { hint, ...(cause === undefined ? {} : { cause }) });
}
