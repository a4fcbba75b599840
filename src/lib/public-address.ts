import { BlockList, isIP } from 'node:net';

/**
 * True for an address of the public internet: not private, loopback, link-local (with the cloud metadata service),
 * carrier NAT, multicast, documentation or otherwise reserved (IANA special-purpose registries of IPv4 and IPv6).
 */
export function isPublicAddress(address: string): boolean {
  const plain = withoutZone(address);
  if (isIP(plain) === 4) return !RESERVED_V4.check(plain, 'ipv4');
  if (isIP(plain) !== 6) return false;
  if (NAT64.check(plain, 'ipv6')) return !RESERVED_IN_NAT64.check(plain, 'ipv6');
  return GLOBAL_V6.check(plain, 'ipv6') && !RESERVED_V6.check(plain, 'ipv6');
}

/** True for an address of this very machine. */
export function isLoopbackAddress(address: string): boolean {
  const plain = withoutZone(address);
  const family = isIP(plain);
  return family !== 0 && LOOPBACK.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether an address lies in one of these networks, written as an address or as address/bits. */
export function addressIn(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits] = network.split('/');
    const family = isIP(base) === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(base, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return (address) => {
    const plain = withoutZone(address);
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}

const V4_RANGES: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Azure's host service answers on this address, which is public by registration.
  ['168.63.129.16', 32],
];

const RESERVED_V4 = blockList(V4_RANGES, 'ipv4');

// Only 2000::/3 is handed out; that leaves out ::1, v4-mapped, unique local, link-local and multicast. Within it:
// protocol assignments with Teredo, documentation, and 6to4, whose addresses wrap any IPv4 address.
const GLOBAL_V6 = blockList([['2000::', 3]], 'ipv6');
const RESERVED_V6 = blockList(
  [
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ],
  'ipv6',
);

// Networks that have IPv6 alone reach IPv4 hosts through 64:ff9b::/96: as public as the address that is wrapped.
const NAT64 = blockList([['64:ff9b::', 96]], 'ipv6');
const RESERVED_IN_NAT64 = blockList(
  V4_RANGES.map(([address, bits]) => [`64:ff9b::${address}`, 96 + bits]),
  'ipv6',
);

const LOOPBACK = blockList([['127.0.0.0', 8]], 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function blockList(ranges: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [address, bits] of ranges) list.addSubnet(address, bits, family);
  return list;
}
