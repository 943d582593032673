import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpNetworks, parseIpAddress, parseIpNetwork } from '../../src/platform/ip-address.ts';

test('an address has one form, and what is none is refused', () => {
  for (const [text, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['::1', '::1'],
    ['', undefined],
    ['unknown', undefined],
    ['192.0.2.256', undefined],
    ['192.0.2.01', undefined],
    ['0x7f.1', undefined],
    ['192.0.2.1:80', undefined],
    ['[::1]', undefined],
    ['fe80::1%eth0', undefined],
    [' 192.0.2.1', undefined],
  ] as const)
    assert.equal(parseIpAddress(text), address, text);
});

test('a network is an address and how many of its bits count, and never all addresses', () => {
  assert.deepEqual(parseIpNetwork('10.0.0.0/8'), { address: '10.0.0.0', family: 'ipv4', prefix: 8 });
  assert.deepEqual(parseIpNetwork('127.0.0.1'), { address: '127.0.0.1', family: 'ipv4', prefix: 32 });
  assert.deepEqual(parseIpNetwork('FD00::/8'), { address: 'fd00::', family: 'ipv6', prefix: 8 });
  for (const text of ['0.0.0.0/0', '::/0', '10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1'])
    assert.equal(parseIpNetwork(text), undefined, text);
  for (const text of ['10.0.0.0/255.0.0.0', '10.0.0/8', '*', 'localhost', '::ffff:10.0.0.0/104', ''])
    assert.equal(parseIpNetwork(text), undefined, text);
});

test('an address is looked up in networks of its own family', () => {
  const networks = new IpNetworks(['10.1.2.3/8', '192.0.2.7', 'fd00::/8', '::1']);

  for (const address of ['10.255.0.1', '192.0.2.7', 'fd12::9', '::1']) assert.ok(networks.has(address), address);
  for (const address of ['11.0.0.1', '192.0.2.8', 'fe80::1', '::2', '::a01:203'])
    assert.ok(!networks.has(address), address);
  assert.ok(!new IpNetworks([]).has('127.0.0.1'));
  assert.throws(() => new IpNetworks(['everybody']), TypeError);
});
