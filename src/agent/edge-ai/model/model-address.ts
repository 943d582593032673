import { NervesysError } from '../../../platform/errors.ts';
import { IpNetworks, parseIpAddress } from '../../../platform/ip-address.ts';
import { isLoopbackHost } from '../../../platform/loopback.ts';

/** Addresses that no router of the internet knows (RFC 1918, RFC 4193). Link-local ones are not among them: there cloud hosts keep secrets. */
const PRIVATE_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

/**
 * Where questions are sent, from the address that somebody wrote: `http://127.0.0.1:11434`, with or without `/v1` or the whole path. Log lines
 * and perhaps a key go there, so plain HTTP is taken only to this machine and to private addresses, which are to be written as addresses: what
 * a name stands for can change. Rejects with `NSV_MODEL_UNUSABLE`.
 */
export function modelAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw unusable('it is not an http or https address', 'write it as http://127.0.0.1:11434/v1');
  if (url.username !== '' || url.password !== '')
    throw unusable('it holds a name or a password', 'give the key by NERVESYS_MODEL_KEY');
  if (url.protocol === 'http:' && !isNear(url.hostname))
    throw unusable(
      `plain http to ${url.hostname} would show log lines to whoever stands in between`,
      'use https; or the address of a model on this machine (127.0.0.1, localhost) or in a private network (10.…, 172.16–31.…, 192.168.…, fd…:)',
    );
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/chat/completions') ? path : `${path === '' ? '/v1' : path}/chat/completions`;
  url.hash = '';
  return url;
}

function isNear(hostname: string): boolean {
  const address = parseIpAddress(hostname.replace(/^\[(.*)\]$/, '$1'));
  return isLoopbackHost(hostname) || (address !== undefined && new IpNetworks(PRIVATE_NETWORKS).has(address));
}

function unusable(what: string, hint: string): NervesysError {
  return new NervesysError('NSV_MODEL_UNUSABLE', `use the model's address: ${what}`, { hint });
}
