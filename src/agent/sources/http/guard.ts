import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { NervesysError } from '../../../platform/errors.ts';

/** By which names this listener may be asked. */
export interface AllowedHosts {
  /** Host names and addresses in lower case, IPv6 without brackets. */
  readonly names: ReadonlySet<string>;
  /** Any IP address: for a listener on all addresses. A page that rebinds its name in DNS can't have an address for a name. */
  readonly addresses: boolean;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** `listen` is the address that the listener is bound to, `more` what was configured (a container's service name). */
export function allowedHosts(listen: string, more: readonly string[] = []): AllowedHosts {
  return {
    names: new Set([...LOOPBACK_NAMES, listen, ...more].map((name) => name.toLowerCase())),
    addresses: listen === '0.0.0.0' || listen === '::',
  };
}

/**
 * Refuses what a browser page could send: a page names its origin when it writes, and names a foreign host when its own name was
 * made to point at 127.0.0.1 (DNS rebinding). `undefined` hosts: a Unix socket, which no page reaches by name.
 * @throws NervesysError `NSV_FORBIDDEN_ORIGIN`
 */
export function refuseForeign(headers: IncomingHttpHeaders, hosts: AllowedHosts | undefined): void {
  if (headers.origin !== undefined)
    throw new NervesysError('NSV_FORBIDDEN_ORIGIN', 'the request has an Origin header, as requests of web pages have');
  if (hosts === undefined) return;
  const host = hostName(headers.host ?? '');
  if (hosts.names.has(host) || (hosts.addresses && isIP(host) !== 0)) return;
  throw new NervesysError(
    'NSV_FORBIDDEN_ORIGIN',
    `the request is for host "${host.slice(0, 100)}", which is not this one`,
  );
}

/** `[::1]:4318` → `::1`, `LOCALHOST:80` → `localhost`. */
function hostName(header: string): string {
  const match = /^\[([0-9a-fA-F:.]+)\](?::\d+)?$|^([^:[\]]+)(?::\d+)?$/.exec(header.trim());
  return (match?.[1] ?? match?.[2] ?? header).toLowerCase();
}
