import { BlockList, isIP, SocketAddress } from 'node:net';

/** Addresses that begin with the same `prefix` bits. */
export interface IpNetwork {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

/**
 * An IP address in its one usual form (`2001:DB8:0::1` → `2001:db8::1`), so that equal ones are equal text; an IPv4 address that a
 * socket of IPv6 shows as `::ffff:192.0.2.1` is that IPv4 address. `undefined` for anything else, ports and zones (`%eth0`) included.
 */
export function parseIpAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 0 || text.includes('%')) return undefined;
  if (version === 4) return text;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. A network of all addresses (`/0`) is none: it would tell nobody from anybody. */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const [written = '', bits, ...more] = text.split('/');
  const address = parseIpAddress(written);
  if (address === undefined || more.length > 0) return undefined;
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const most = family === 'ipv4' ? 32 : 128;
  if (bits === undefined) return { address, family, prefix: most };
  const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : 0;
  // Bits of an IPv4 network that is written as IPv6 count from another place: what was meant is unclear.
  if (family === 'ipv4' && written.includes(':')) return undefined;
  return prefix >= 1 && prefix <= most ? { address, family, prefix } : undefined;
}

/** Some networks, to look addresses up in. */
export class IpNetworks {
  readonly #list = new BlockList();
  readonly size: number;

  /** @throws TypeError for a text that `parseIpNetwork` refuses; settings are checked before. */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const network = parseIpNetwork(text);
      if (network === undefined) throw new TypeError(`${JSON.stringify(text)} is no network`);
      this.#list.addSubnet(network.address, network.prefix, network.family);
    }
    this.size = networks.length;
  }

  /** `address` as `parseIpAddress` gives it. */
  has(address: string): boolean {
    return this.size > 0 && this.#list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  }
}
