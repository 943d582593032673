import { dateParts, syslogDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

const SEVERITY: Readonly<Record<string, number>> = {
  emerg: 0,
  alert: 1,
  crit: 2,
  err: 3,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/** A network switch: facility, severity and mnemonic before each message, sent by syslog to a collector. */
export const networkSwitch: System = {
  name: 'Aggrswitch',
  seed: 4109,
  startsAt: Date.UTC(2026, 2, 15, 1, 0, 0),
  gapMs: 30_000,
  header: ({ at, level, component }) => {
    const { monthName, day, hour, minute, second, millis } = dateParts(at);
    const [facility, mnemonic] = component.split('/') as [string, string];
    return `<{int:185..190}>${syslogDate(at)} agg-sw{int:1..3} {int:100..99999}: ${monthName} ${Number(day)} ${hour}:${minute}:${second}.${millis} IDT: %${facility}-${SEVERITY[level]}-${mnemonic}: `;
  },
  values: {
    iface: [
      'Ethernet1/{int:1..48}',
      'Po{int:1..12}',
      'TenGig{int:1..2}/0/{int:1..24}',
      'Hundred0/0/{int:0..7}',
      'Vlan{int:10..400}',
      'Mgmt0',
    ],
    user: ['netops', 'backup-bot', 'admin'],
    peer: ['10.255.{int:0..4}.{int:1..60}', '2001:db8:{hex:2}::{int:1..60}'],
    short: ['{hex:4}.{hex:4}.{hex:4}'],
  },
  statements: [
    ...routine(`
      !260 notice LINK/UPDOWN | Line protocol on interface {iface}, changed state to up
      80 notice CONFIG/SAVED | Configuration written from console by {user} on vty{int:0..4} ({ip})
      70 info SEC/LOGOK | Login of {user} from {ip} on local port 22 succeeded at {clock}
      60 info DHCPSNOOP/BIND | Binding {short} {ip} lease {int:600..86400} on {iface} vlan {int:10..400}
      44 debug LLDP/NEIGH | neighbor "{one:ap-lobby|cam-17|srv-db 2|printer (3rd floor)}" on {iface} refreshed, ttl {int:60..240}
      40 info ACL/HIT | list {one:EDGE-IN|110|mgmt-only} permitted {one:tcp|udp} {ip}({port}) -> {ip}({int:20..9000}), {int:1..900} packet{maybe:s}
      36 info ACL/HIT | list {one:EDGE-IN|110|mgmt-only} denied {one:tcp|udp|icmp} {ip}({int:0..65000}) -> {ip}({int:0..9000}), {int:1..900} packet{maybe:s}
      20 err STP/ROOTOK | Port {iface} took role {one:designated|root|alternate} in instance {int:0..16}
      14 info SYS/CLOCK | clock adjusted by {float:-0.5..0.5;6} seconds, stratum {int:1..5}
      12 notice OSPF/ADJ | Process {int:1..9}, neighbor {peer} on {iface} from LOADING to FULL, loading done
      10 info POE/POWER | {iface}: powered device class {int:0..8}, {float:2..58;1} W granted, {float:100..740;1} W left
      9 info OPTICS/READ | {iface} rx {float:-9..-1;2} dBm tx {float:-3..2;2} dBm bias {float:5..40;1} mA
      ~ notice SYS/BOOT | System started, image flash:/agg-{int:15..17}.{int:1..9}.bin, reason: {one:reload by netops|power-on}
      ~ notice SYS/RELOAD | Reload requested by {user}, reason: "{one:upgrade|}"
      ~ info SNMP/COLD | agent is undergoing a cold start
      ~ notice STACK/ADDED | Member {int:2..4} joined the stack
      ~ info ENV/OK | All {int:4..8} fans and 2 power supplies within limits
      ~ notice LACP/JOIN | {iface} bundled in {iface}
      ~ info CRASHDUMP/NONE | no crash files found in flash:/crash
      ~ alert LICENSE/EVAL | feature {one:macsec|segment-routing} evaluates for {int:1..90} more days
      ~ notice ARP/DUPFIX | duplicate address {ip} no longer seen on {iface}
    `),
    ...borderline(`
      120 info MACMOVE/NOTIF | Host {short} in vlan {int:10..400} is flapping between port {iface} and port {iface}
      !90 err LINK/UPDOWN | Line protocol on interface {iface}, changed state to down
      30 warn SEC/LOGFAIL | Login of {user} from {ip} on local port 22 failed at {clock}
      16 warn STORM/CTRL | broadcast storm suppressed on {iface}: {float:1..20;2}% of bandwidth
      12 warn DUPLEX/MISMATCH | {iface} not half duplex, with {one:cam-17|ap-lobby} {iface} half duplex
      9 warn OPTICS/LOW | {iface} rx {float:-16..-11;2} dBm below low warning
      ~ warn ARP/DUP | duplicate address {ip} on {iface}, sourced by {short}
      ~ err PORTSEC/VIOL | violation on {iface} by {short}, port shut for {int:60..300} s
      ~ warn CPU/BUSY | {one:snmpd|routed|cli}[{int:100..9000}] holds CPU for {int:2000..9000} ms
    `),
    ...trouble(`
      !30 notice BGP/ADJ | neighbor {peer} vrf {one:default|core|internet} Down {one:hold time expired|peer closed the session|interface flap}
      ~ err OSPF/ADJ | Process {int:1..9}, neighbor {peer} on {iface} from FULL to DOWN, dead timer expired
      ~ crit ENV/FAN | Fan {int:1..8} has failed
      ~ crit ENV/TEMP | {one:Inlet|ASIC 0|ASIC 1} temperature {int:86..108}C exceeds critical threshold {int:80..85}C
      ~ alert ENV/PSU | Power supply {int:1..2} lost input or was removed
      ~ emerg ENV/SHUT | System shuts down in {int:30..120} seconds to protect hardware
      ~ notice STACK/SPLIT | Member {int:2..4} left the stack, {int:1..2} stack port(s) dark
      ~ err MEM/ALLOC | Allocation of {big:7} bytes failed from 0x{HEX:7}, pool {one:Processor|I/O}, alignment {int:0..32}
      ~ crit TCAM/FULL | {one:route|acl|mac} table full at {int:4000..32000} entries, new ones are dropped
      ~ alert SYS/CRASH | Process {one:routed|stpd|fibmgr} ({int:100..9000}) ended unexpectedly, core in flash:/crash/{one:routed|stpd|fibmgr}.{int:1..9}
      ~ crit ASIC/PARITY | Unrecoverable parity error in {one:L2|L3|VLAN} table bank {int:0..15} address 0x{hex:6}
      ~ err FLASH/WRITE | flash:/ cannot be written, {int:0..4096} bytes free
    `),
  ],
};
