import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A distributed file store: chunks, replicas, a name server, nodes that come and go. */
export const filestore: System = {
  name: 'Chunkfield',
  seed: 4202,
  startsAt: Date.UTC(2026, 8, 1, 20, 35, 18),
  gapMs: 2_000,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second } = dateParts(at);
    return `${month}${day}${year.slice(2)}T${hour}${minute}${second} {int:10..9000} ${level} ${component}: `;
  },
  values: {
    chunk: ['ck_{big:18}', 'ck_-{int:100000000..999999999}'],
    file: [
      '/user/etl/part-{pad:0..900;5}',
      '/tmp/job_{int:100..999}/map-{int:0..900}.out',
      '/backup/home {int:1..9}.tar',
    ],
    peer: ['/{ip}:{int:40000..60000}'],
  },
  statements: [
    ...routine(`
      300 INFO node.Receiver | Incoming {chunk@}, {peer} sends to {peer}
      ^ INFO node.Receiver | {chunk@} complete, {int:1000..67108864} bytes of {peer}
      ^ INFO name.Map | Replica of {chunk@} now also at {ip}:50010, {int:1000..67108864} bytes
      ^ INFO node.Pipeline | Place {int:0..2} in the chain of {chunk@} finishes
      140 INFO name.Files | create {file} -> {chunk}
      120 INFO node.Sender | {chunk} read by {ip} from {ip}:50010
      80 INFO node.Disk | Unlinking {chunk}, was /data{int:1..9}/cur/sub{int:0..63}/{hex:6}
      60 INFO node.Verify | Checksum of {chunk} is right
      30 INFO name.Map | {ip}:50010 shall copy {chunk} to {ip}:50010
      20 INFO name.Map | Asking {ip}:50010 to drop {int:1..400} chunk(s)
      !80 INFO name.Map | {chunk} has one replica too many, dropping the one on {ip}:50010
      !40 INFO node.Report | Told name server of {int:1000..90000} chunks in {int:10..9000} ms
      ~ ERROR name.Safe | Leaving safe mode after {int:10..900} seconds, {int:1000..90000} chunks known
      ~ ERROR name.Journal | Rolled journal, {int:10..90000} transactions, {int:1..900} ms in sync
      ~ INFO name.Lease | Lease of client_{int:1000..9999} on {file} renewed
      ~ INFO node.Start | Volume /data{int:1..9} added, {int:100..9000} GB free
      ~ INFO name.Nodes | Node {ip}:50010 joined rack /r{int:1..9}
      ~ INFO name.Nodes | Node {ip}:50010 retired as planned, 0 chunks missing
      ~ INFO name.Balance | Moved {int:1..900} GB, spread is {float:0..9;2} %
      ~ INFO name.Trash | Emptied trash of failed jobs, {int:0..90000} file(s)
    `),
    ...borderline(`
      40 WARN node.Sender | {ip}:50010 broke off while it served {chunk} to {peer}: {one:Connection reset by peer|Broken pipe|480000 millis timeout}
      12 WARN node.Pipeline | Slow write of {chunk} to disk took {int:300..9000} ms
      9 WARN name.Map | {chunk} was reported and belongs to no file
      ~ WARN name.Lease | Lease of client_{int:1000..9999} ran out on {file}, recovering
      ~ WARN node.Verify | Checksum of {chunk} could not be read, it was just removed
    `),
    ...trouble(`
      ~ ERROR name.Map | {chunk} has no replica left, {file} is damaged
      !14 ERROR node.Receiver | Cannot write {chunk}: No space left on device
      ~ ERROR node.Disk | Volume /data{int:1..9} failed, {int:100..9000} chunks lost with it
      ~ WARN name.Nodes | Node {ip}:50010 not heard for {int:600..900} s, removed with {int:100..9000} chunks
      ~ INFO node.Verify | Checksum of {chunk} is wrong at byte {int:0..67108864}, replica thrown away
      ~ FATAL name.Journal | Journal cannot be written to any directory, stopping
      ~ ERROR node.Start | Incompatible cluster ids: {hex:12} here, {hex:12} at name server; node exits
      ~ ERROR name.Main | Out of memory: {int:1000..4000} MB heap used up
      ~ INFO name.Safe | Safe mode is on: only {float:0.1..0.9;4} of chunks reported, writes are refused
    `),
  ],
};
