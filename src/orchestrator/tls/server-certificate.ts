/** What the listener shows and by what it is known. */
export interface ServerCertificate {
  /** The whole chain in PEM, the server's own certificate first, the one that is pinned always in it. */
  readonly chain: string;
  readonly key: string;
  /** What tokens carry: SHA-256 of the pinned certificate, hex; null where every agent's system trusts this chain anyway. */
  readonly fingerprint: string | null;
  /** What programs in this home trust, in PEM: the own authority, or the given certificate itself. */
  readonly authority: string;
  /** Epoch ms. */
  readonly validUntil: number;
}

/** Where the certificate comes from. `load` is asked at the start and from then on now and then; it rejects rather than give one that can't be used. */
export interface CertificateSource {
  load(now: number): Promise<ServerCertificate>;
}
