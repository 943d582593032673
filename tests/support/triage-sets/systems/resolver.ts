import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A name server: queries, zones and their transfers, signatures. */
export const resolver: System = {
  name: 'Namewell',
  seed: 4203,
  startsAt: Date.UTC(2026, 10, 30, 9, 0, 0),
  gapMs: 600,
  header: ({ at, level, component }) => {
    const { day, monthName, year, hour, minute, second, millis } = dateParts(at);
    return `${day}-${monthName}-${year} ${hour}:${minute}:${second}.${millis} ${component}: ${level}: `;
  },
  values: {
    name: [
      'www.example.com',
      'mail{int:1..90}.example.org',
      '{hex:8}.cdn.example.net',
      '_dmarc.example.com',
      '{int:1..254}.{int:0..255}.168.192.in-addr.arpa',
    ],
    zone: ['example.com', 'example.org', '168.192.in-addr.arpa', 'internal'],
    type: ['A', 'AAAA', 'MX', 'TXT', 'PTR', 'HTTPS'],
  },
  statements: [
    ...routine(`
      420 info queries | client @0x{hex:12} {ip}#{port} ({name@}): query: {name@} IN {type} +{maybe:E(0)}{maybe:D}{maybe:C} ({ip})
      140 info cache | {int:10..9000} entries expired, {int:1000..90000} left, hit rate {float:40..99;2}%
      100 info resolver | {name}/{type} answered by {ip}#53 in {int:1..900} ms
      60 info rpz | client {ip}#{port}: {name} rewritten to NXDOMAIN by policy zone
      40 info notify | zone {zone}/IN: telling {int:1..9} secondaries of serial {int:2026010100..2026123199}
      30 info transfer | zone {zone}/IN: {int:1..90} message(s), {int:1..9000} records, {int:100..90000} bytes, {float:0..9;3} secs
      20 debug dnssec | zone {zone}/IN: signature of {name}/{type} is good until {day}
      !60 info edns | {ip}#53 does not understand cookies, sent without
      ~ info general | reading configuration from /etc/namewell/{one:main|zones|policy}.conf
      ~ info general | listening on {one:{ip}|{ip6}}#53
      ~ info zones | zone {zone}/IN: loaded serial {int:2026010100..2026123199}
      ~ info dnssec | zone {zone}/IN: next key event in {int:1..90} days
      ~ info dnssec | trust anchor {int:10000..65000} is in force
      ~ error general | statistics: {int:1000..900000} queries, {int:0..900} SERVFAIL, {int:0..9000} NXDOMAIN
      ~ info control | command 'reload' from 127.0.0.1#{port}
      ~ info control | command 'flush' from 127.0.0.1#{port}
    `),
    ...borderline(`
      40 info resolver | {ip}#53: no answer for {name}/{type}, trying another server
      24 info security | client {ip}#{port}: query for {name} denied
      14 warning limits | client {ip}#{port}: {int:100..900} answers per second, limited
      ~ warning dnssec | {name}/{type}: signature has expired, answer withheld
      ~ warning zones | zone {zone}/IN: {name} has no address record
    `),
    ...trouble(`
      ~ info zones | zone {zone}/IN: expired, no longer served
      ~ error zones | zone {zone}/IN: not loaded due to errors in line {int:1..900}
      !16 error transfer | zone {zone}/IN: primary {ip}#53 unreachable for {int:2..90} h
      ~ critical general | exiting (due to assertion failure in query.c:{int:100..9000})
      ~ error general | too many open files, {int:1..900} client(s) dropped
      ~ error dnssec | zone {zone}/IN: private key {int:10000..65000} is missing, zone will go bogus on {day}
      ~ error limits | memory limit of {int:100..900} MB reached, recursion is off
      ~ warning security | {int:1000..90000} forged answers for {name} within a minute, cache poisoning attempt
      ~ error resolver | all root servers are unreachable
    `),
  ],
};
