import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A storage array: drives in enclosures, pools, volumes, replication, sensors. */
export const storage: System = {
  name: 'Vaultarray',
  seed: 4111,
  startsAt: Date.UTC(2026, 6, 3, 18, 0, 0),
  gapMs: 45_000,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second } = dateParts(at);
    return `{pad:10000..99999;8} ${day}-${month}-${year} ${hour}:${minute}:${second} ctrl-{one:A|B} ${component} (${level}) `;
  },
  values: {
    slot: ['enc{int:0..5}:slot{int:0..23}'],
    serial: ['ZC{int:1..9}{HEX:5}', 'S4{HEX:8}', 'WD-{HEX:10}'],
    pool: ['pool0', 'pool1', 'ssd-cache', 'archive'],
    volume: ['vm-datastore-{int:1..12}', 'finance', 'Home Folders', 'backup 2026', 'lun_{int:0..60}'],
    host: [
      'esx-{int:1..9}',
      'db-primary',
      'iqn.2026-01.example:{one:mail|web}{int:1..4}',
      '21:00:00:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}',
    ],
  },
  statements: [
    ...routine(`
      240 info sensor | enc{int:0..5} temp{int:0..7}={int:22..41}C volt12={float:11.8..12.2;2}V fan={int:3000..7200}rpm
      150 info cache | flush of {int:0..9000} dirty page(s) from {pool} done in {int:1..900} ms
      120 info host | {host} logged in on port {one:fc0|fc1|iscsi0|iscsi1} ({int:1..64} path(s))
      90 info host | {host} logged out from port {one:fc0|fc1|iscsi0|iscsi1}
      80 info snapshot | snapshot {volume}@{day}T{clock} created, {size} referenced
      60 info snapshot | snapshot {volume}@{day}T{clock} deleted by policy "{one:hourly|keep 30|weekly-gold}"
      50 info scrub | {pool}: {int:1..99}% scrubbed, {size} repaired, 0 errors
      44 info repl | {volume} -> {one:dr-site|branch 2} sent {size} in {dur}, lag {int:0..900} s
      30 error drive | {slot} ({serial}): {int:1..40} medium error(s) recovered by ECC
      24 info dedup | {pool}: ratio {float:1..4;2}:1, table {size}
      16 info auth | {one:admin|monitor|svc-veeam} logged in via {one:ssh|https|serial} from {one:10.1.1.4|10.1.1.9|console}
      10 notice rebuild | {pool}: rebuild of {slot} at {int:0..99}%, {int:1..40} h left
      !60 info drive | {slot} spun up, link {one:6.0|12.0} Gb/s
      ~ notice rebuild | {pool}: rebuild of {slot} completed
      ~ notice drive | {slot} ({serial}) inserted, {size}, state=unassigned
      ~ critical drive | {slot} assigned as hot spare for {pool}
      ~ info pool | {pool}: state changed from DEGRADED to OPTIMAL
      ~ info ctrl | firmware bundle {int:7..9}.{int:0..9}.{int:0..9}-{int:1..40} verified, signature ok
      ~ info ctrl | planned failover to ctrl-{one:A|B} finished in {int:2..20} s
      ~ info bbu | learn cycle passed, capacity {int:81..100}%
      ~ info volume | {volume} grown from {size} to {size}
      ~ info volume | {volume} mapped to {host} as lun {int:0..60}, read-only={bool}
      ~ info log | fault LED test: {int:24..144} lamps blinked
      ~ info drive | {slot}: predictive failure polling enabled, interval {int:5..60} min
      ~ info repl | link test to {one:dr-site|branch 2}: 0 lost of {int:10..100}
    `),
    ...borderline(`
      26 warning perf | {volume}: latency {float:20..90;1} ms above {int:10..20} ms
      20 warning drive | {slot} ({serial}): command timeout, retried {int:1..3} time(s)
      12 warning pool | {pool} is {int:80..89}% full
      9 warning auth | login of {one:admin|root|guest} from {ip} refused
      ~ warning host | {host}: path through {one:fc0|fc1} lost, {int:1..7} left
      ~ warning repl | {volume} -> {one:dr-site|branch 2}: transfer interrupted, will resume
      ~ warning sensor | enc{int:0..5} temp{int:0..7} {int:42..47}C above warning level
      ~ warning drive | {slot} ({serial}): predicted to fail, {int:100..900} reallocated
    `),
    ...trouble(`
      ~ critical drive | {slot} ({serial}) failed, removed from {pool}
      ~ error pool | {pool}: state changed from OPTIMAL to DEGRADED
      ~ critical pool | {pool}: state changed from DEGRADED to OFFLINE, {int:1..12} volume(s) lost
      ~ critical sensor | enc{int:0..5} temp{int:0..7} {int:56..80}C, shutdown limit {int:55..60}C
      ~ critical sensor | enc{int:0..5} psu{int:0..1} output 0.00V
      ~ critical bbu | battery cannot hold charge, write cache disabled
      ~ error ctrl | partner controller does not answer for {int:10..90} s, taking over {int:1..40} volume(s)
      ~ critical ctrl | assertion failed: {one:refcnt > 0|hdr->magic == PG_MAGIC}, file {one:cache.c|raid6.c}, line {int:20..4000}; controller restarts
      !26 error drive | {slot} ({serial}): unrecoverable read at lba {big:10}, {int:1..256} block(s)
      ~ critical volume | {volume} has no space left, writes from {int:1..9} host(s) are refused
      ~ info host | {host}: all paths are gone
      ~ error repl | {volume} -> {one:dr-site|branch 2}: target has not answered for {int:2..72} h, replication stopped
      ~ critical scrub | {pool}: checksum mismatch in {int:1..40} object(s), data cannot be restored from parity
      ~ notice drive | {slot} ({serial}) is no longer there
      ~ warning rebuild | {pool}: no spare left, running without redundancy
    `),
  ],
};
