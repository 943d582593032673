import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** Events of the service processor of a large machine: nodes, memory, interconnect, cooling, jobs. */
export const supercomputer: System = {
  name: 'Granite',
  seed: 4101,
  startsAt: Date.UTC(2026, 1, 11, 3, 2, 0),
  gapMs: 9_000,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second, millis } = dateParts(at);
    return `${Math.floor(at / 1000)} ${year}.${month}.${day}-${hour}.${minute}.${second}.${millis} {place} RAS ${component} ${level} `;
  },
  values: {
    place: [
      'cab{int:0..7}-ch{int:0..3}-bl{int:0..15}',
      'cab{int:0..7}-ch{int:0..3}-bl{int:0..15}-n{int:0..3}',
      'svc{int:0..2}',
    ],
    node: ['n{pad:1..999;4}'],
    job: ['{int:410000..419999}'],
    user: ['mreyes', 'okafor', 'lindqv', 'tanaka_s', 'proj-climate', 'bschmidt', 'qchem01'],
    code: ['gyrofluid', 'lattice_mc', 'wrf.exe', 'cp2k.psmp', 'train.py', 'vasp_gam'],
    path: [
      '/scratch/{user}/run{int:1..40}/{code}',
      '/gpfs/home/{user}/bin/{code}',
      '/scratch/{user}/{code}.{int:1..9}',
    ],
  },
  statements: [
    ...routine(`
      260 INFO MEM | {int:1..40} single-bit error(s) corrected on DIMM {int:0..15} rank {int:0..3}, syndrome 0x{hex:4}
      190 INFO KERN | misaligned access at 0x{hex:16} emulated by software
      110 INFO KERN | FPU was off for rank {int:0..4095}, state reloaded
      ^ INFO KERN | registers f0:{hex:16} f1:{hex:16} f2:{hex:16} f3:{hex:16}
      150 INFO NET | torus link {one:x+|x-|y+|y-|z+|z-} retrained in {int:2..900} us, {int:0..7} lane(s) active
      90 INFO JOBCTL | job {job@} of {user@} started on {int:1..512} nodes: {path}
      ^ INFO JOBCTL | job {job@} completed, exit status 0, {int:10..86400} node-seconds charged to {user@}
      70 INFO MON | heartbeat from {int:980..1024} of 1024 nodes within {int:1..9} s
      60 INFO ENV | inlet temperature {float:17..24;1} C, outlet temperature {float:28..38;1} C, flow {float:80..96;1} l/min
      55 INFO ENV | fan tray {int:0..5} speed set to {int:2100..4800} rpm
      40 INFO JOBCTL | epilogue on {node} removed {int:0..40} stale shared memory segment(s)
      35 INFO KERN | image of {code} rank {int:1..4095} dumped, as the debugger wished
      30 ERROR NET | {int:0..200} packet(s) retransmitted on injection FIFO {int:0..7} in the last {int:10..600} s
      28 INFO MEM | scrubber pass {int:1..9000} finished, 0 uncorrectable, {int:0..60} corrected
      25 INFO IO | {path} opened by {int:1..4096} ranks, stripe count {int:1..64}
      20 INFO IO | write-behind of {size} to OST{pad:0..63;4} took {dur}
      14 INFO SVC | polling cabinet controller cab{int:0..7}: ok
      12 INFO JOBCTL | reservation "{one:maintenance|nightly-regression|workshop}" begins in {int:5..120} min
      10 DEBUG KERN | tlb miss handler patched: {int:0..12} entries, error vector unchanged
      8 INFO KERN | fatal error vector set to 0x{hex:8}
      !120 INFO NET | link error threshold counter for port {int:0..47} cleared
      !60 INFO SVC | node {node} powered on, waiting for boot loader
      !60 INFO SVC | node {node} booted image {one:cn-7.2.1|cn-7.2.1-debug|io-7.2.0} in {int:31..140} s
      ~ INFO SVC | blade bl{int:0..15} marked ready for service by operator {user}
      ~ INFO MON | failover drill finished: 0 failures, {int:2..9} warnings
      ~ ERROR MEM | DIMM {int:0..15} spare row {int:0..7} put into use, capacity unchanged
      ~ INFO JOBCTL | queue "{one:batch|debug|large}" drained for maintenance as planned
      ~ INFO ENV | door of cabinet {int:0..7} opened
      ~ INFO ENV | door of cabinet {int:0..7} closed
      ~ NOTICE KERN | clock source switched to timebase, drift {float:-4..4;3} ppm
      ~ INFO NET | routing table version {int:100..999} distributed to 192 switches, no dead links
      ~ INFO IO | quota of {user} raised to {int:2..90} TiB
      ~ INFO SVC | firmware of cabinet controller updated from {int:3..4}.{int:0..9} to 5.{int:0..9}
    `),
    ...borderline(`
      30 WARN JOBCTL | job {job} exceeded its wall time of {clock} and was ended
      22 WARN NET | congestion on virtual channel {int:0..3}, {int:20..400} credits outstanding
      18 ERROR JOBCTL | {path}: no such file or directory, job {job} rejected
      ~ WARN ENV | outlet temperature {float:39..42;1} C above target
      ~ WARN MEM | corrected error rate of DIMM {int:0..15} is {int:100..900} per hour
      ~ WARN IO | OST{pad:0..63;4} {int:86..91}% full
      ~ ERROR JOBCTL | prologue timed out on {node}, trying another node
    `),
    ...trouble(`
      !45 FATAL MEM | uncorrectable error at physical address 0x{hex:12}, DIMM {int:0..15}
      ^ FATAL KERN | processor stopped: cause=0x{hex:8} status=0x{hex:8} at=0x{hex:16}
      !24 FATAL KERN | kernel touched unmapped memory, pc 0x{hex:16} lr 0x{hex:16}
      ~ FATAL KERN | kernel panic on {node}: {one:bad page state|unable to handle paging request|stack corrupted}
      !30 ERROR MON | no heartbeat from {node} for {int:60..900} s, marked dead
      ~ ERROR JOBCTL | job {job} aborted: lost {int:1..12} node(s) [{list:node;1..5;,}]
      ~ FATAL NET | link {one:x+|x-|y+|y-|z+|z-} of {node} down after {int:3..9} retraining attempts
      ~ ERROR NET | partition of the torus: {int:2..64} nodes unreachable from service node
      ~ FATAL ENV | coolant leak detected at cabinet {int:0..7}, sensor {int:1..12}
      ~ INFO ENV | power module {int:0..5} of chassis {int:0..3} lost AC input
      ~ FATAL ENV | emergency power-off of cabinet {int:0..7} at {float:61..70;1} C
      ~ ERROR IO | lost connection to object server {ip}, I/O from {int:2..900} clients blocked
      ~ FATAL IO | file system /scratch remounted read-only
      ~ INFO IO | OST{pad:0..63;4} has 0 bytes left
      ~ ERROR KERN | {code}[{int:100..32000}]: terminated by signal {one:11|7|6}, {int:1..60} thread(s)
      ~ WARN ENV | fan tray {int:0..5} stopped turning
      ~ INFO SVC | node {node} failed power-on self test, code 0x{hex:4}
    `),
  ],
};
