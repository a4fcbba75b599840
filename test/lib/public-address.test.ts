import { describe, expect, test } from 'vitest';
import { addressIn, isLoopbackAddress, isPublicAddress } from '../../src/lib/public-address.ts';

describe('isPublicAddress', () => {
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:a00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:a00:1::',
    '2002:808:808::',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'not an address',
    '',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2a00:1450:4001::1', '2606:4700::1111'])(
    'takes %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test('takes an IPv4 host of the internet that a network without IPv4 reaches by NAT64', () => {
    expect(isPublicAddress('64:ff9b::8.8.8.8')).toBe(true);
  });
});

describe('isLoopbackAddress', () => {
  test.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])('takes %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
  });

  test.each(['8.8.8.8', '10.0.0.1', '0.0.0.0', '::', 'localhost'])('refuses %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(false);
  });
});

test('an address is in the networks that are named, by number and not by spelling', () => {
  const isOurs = addressIn(['10.2.0.0/16', '192.168.7.9', 'fd00:12::/32']);
  for (const address of ['10.2.0.1', '10.2.255.255', '192.168.7.9', 'fd00:12:1::5']) expect(isOurs(address)).toBe(true);
  for (const address of ['10.3.0.1', '192.168.7.8', 'fd00:13::1', '8.8.8.8', 'nonsense']) {
    expect(isOurs(address)).toBe(false);
  }
});
