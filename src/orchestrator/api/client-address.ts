import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { IpNetworks, parseIpAddress } from '../../platform/ip-address.ts';
import type { Logger } from '../../platform/logger.ts';
import type { App } from './app.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** From where it was asked: what audit log, sessions and limits go by. Never `request.ip`, which is the proxy's behind one. */
    readonly clientAddress: string;
    /** Whether a trusted proxy says that the browser came to it by https. */
    readonly forwardedHttps: boolean;
  }
}

/** Where a proxy usually stands. Only from there a hint is worth giving: anybody else may write what he likes into a header. */
const NEARBY = new IpNetworks(['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/**
 * Gives requests their `clientAddress`. Headers of proxies are believed from the peers in `trusted` alone, and of them only
 * X-Forwarded-For and X-Forwarded-Proto: X-Forwarded-Host means nothing here, our address is in the settings.
 */
export function knowClients(app: App, trusted: IpNetworks, logger: Logger): void {
  app.decorateRequest('clientAddress', {
    getter(this: FastifyRequest) {
      return clientAddress(this.raw.socket.remoteAddress, forwardedFor(this.raw), trusted);
    },
  });
  app.decorateRequest('forwardedHttps', {
    getter(this: FastifyRequest) {
      const peer = parseIpAddress(this.raw.socket.remoteAddress ?? '');
      if (peer === undefined || !trusted.has(peer)) return false;
      return (
        String(this.raw.headers['x-forwarded-proto'] ?? '')
          .toLowerCase()
          .split(',')
          .at(-1)
          ?.trim() === 'https'
      );
    },
  });

  let hinted = false;
  app.addHook('onRequest', async ({ raw }) => {
    if (hinted || forwardedFor(raw) === '') return;
    const peer = parseIpAddress(raw.socket.remoteAddress ?? '');
    if (peer === undefined || trusted.has(peer) || !NEARBY.has(peer)) return;
    hinted = true;
    logger.warn('X-Forwarded-For is not believed: its sender is not in trusted_proxies (orchestrator.yaml)', { peer });
  });
}

/**
 * The address of whoever asks: `peer`, unless that is a trusted proxy. Each proxy adds to the header's end the address that it was
 * asked from, so it is read from there, and as far as trusted proxies wrote it: the first other address is the client's, and what
 * stands before it is only the client's word. Where no address stands the nearest proxy that is known counts.
 */
export function clientAddress(peer: string | undefined, forwardedFor: string, trusted: IpNetworks): string {
  let known = parseIpAddress(peer ?? '');
  if (known === undefined) return peer ?? 'unknown'; // the connection has broken off, or comes over a zone of IPv6
  let end = forwardedFor.length;
  while (trusted.has(known) && end > 0) {
    const comma = forwardedFor.lastIndexOf(',', end - 1);
    const said = parseForwarded(forwardedFor.slice(comma + 1, end).trim());
    if (said === undefined) break;
    known = said;
    end = comma;
  }
  return known;
}

/** An address, as some proxies write it also with a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`, `[2001:db8::1]`. */
function parseForwarded(text: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  return parseIpAddress(bare);
}

/** Several headers of this name were joined by Node, in their order. */
function forwardedFor({ headers }: IncomingMessage): string {
  return String(headers['x-forwarded-for'] ?? '');
}
