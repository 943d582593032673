import { isLoopbackHost } from '../platform/loopback.ts';
import type { OrchestratorSettings, TlsSettings } from './config.ts';
import { absolutePath, described, flag, group, list, oneOf, parsed, type Read, withDefault } from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';

const name = parsed('a host name or IP address such as nervesys.example.com', '^[A-Za-z0-9._:-]{1,253}$', (value) =>
  /^[A-Za-z0-9._:-]{1,253}$/.test(value) ? value : undefined,
);

const fields = {
  mode: withDefault(
    oneOf('auto', 'certificate', 'off'),
    'auto',
    '`auto`: plain HTTP on this machine alone, and beyond it HTTPS under an authority made at the first start; `certificate`: HTTPS with the given one; `off`: plain HTTP, as behind a proxy.',
  ),
  certificate: described(
    absolutePath('/etc/nervesys/fullchain.pem'),
    'The certificate of mode `certificate`, in PEM, its issuers after it. Read again each hour.',
  ),
  key: described(absolutePath('/etc/nervesys/privkey.pem'), 'Its private key, in PEM without a passphrase.'),
  names: described(
    list(name, { lengthMax: 20, of: 'names' }),
    'Further names and addresses for the certificate of mode `auto`, beside those of `listen`, `public_url` and this machine.',
  ),
  allow_plain_http: described(
    flag(),
    'true: with `mode: off` it may be reached from other machines over plain HTTP; for a proxy with TLS in a network that can be trusted.',
  ),
} as const;

/** The `tls:` section of `orchestrator.yaml`. */
export const tlsSection = withDefault(group(fields), {}, 'How the connection is protected.');

export function tlsSettings({ mode, certificate, key, names, allow_plain_http }: Read<typeof fields>): TlsSettings {
  return { mode, certificate, key, names: names ?? [], allowPlainHttp: allow_plain_http ?? false };
}

/** Keys of agents and people travel over this connection: what would send them readable, or do nothing, is refused. */
export function checkTls(
  { listen, publicUrl, tls }: OrchestratorSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  const complain = (key: string, problem: string, remedy: string) =>
    complaints.add(positionOf(root, key.split('.')), key, problem, remedy);

  if (tls.mode === 'certificate') {
    if (tls.certificate === undefined) complain('tls.certificate', 'is missing', 'name the file of the certificate');
    if (tls.key === undefined) complain('tls.key', 'is missing', 'name the file of its private key');
  } else {
    for (const key of ['certificate', 'key'] as const)
      if (tls[key] !== undefined)
        complain(`tls.${key}`, `is given, but tls.mode is ${tls.mode}`, 'use tls.mode: certificate, or leave it out');
  }
  const beyond = !isLoopbackHost(listen.host);
  if (tls.mode === 'off' && beyond && !tls.allowPlainHttp)
    complain(
      'listen.host',
      `is ${listen.host} with tls.mode off: keys would travel readable`,
      'use tls.mode: auto; or, behind a proxy with TLS, tls.allow_plain_http: true',
    );
  if (tls.allowPlainHttp && tls.mode !== 'off')
    complain('tls.allow_plain_http', `is true, but tls.mode is ${tls.mode}`, 'use tls.mode: off, or leave it out');
  const secure = tls.mode === 'certificate' || (tls.mode === 'auto' && beyond);
  if (secure && publicUrl?.startsWith('http:'))
    complain('public_url', `is ${publicUrl}, but it listens with TLS`, 'write it as https://…');
}
