import type { Logger } from '../../platform/logger.ts';
import { isLoopbackHost } from '../../platform/loopback.ts';
import { GivenCertificate } from './given-certificate.ts';
import { certificateNames, OwnAuthority } from './own-authority.ts';
import type { CertificateSource } from './server-certificate.ts';

/** `tls:` of orchestrator.yaml, as it was checked there. */
export interface CertificateSettings {
  readonly mode: 'auto' | 'certificate' | 'off';
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly names?: readonly string[];
  readonly allowPlainHttp?: boolean;
}

/** Where the listener on `host` has its certificate from; `undefined`: it speaks plain HTTP. */
export function openCertificateSource(
  settings: CertificateSettings,
  place: {
    readonly host: string;
    readonly publicUrl: string | undefined;
    /** `<home>/orchestrator/tls`. */
    readonly folder: string;
    readonly logger: Logger;
  },
): CertificateSource | undefined {
  const { mode, certificate, key, names = [] } = settings;
  if (mode === 'certificate' && certificate !== undefined && key !== undefined)
    return new GivenCertificate({ certificate, key });
  if (mode === 'off' || isLoopbackHost(place.host)) return undefined;
  return new OwnAuthority({ folder: place.folder, names: certificateNames({ ...place, names }), logger: place.logger });
}
