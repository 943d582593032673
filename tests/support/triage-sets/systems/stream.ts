import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A stream processor on the JVM: operators, checkpoints, shuffles, workers that come and go. */
export const stream: System = {
  name: 'Rivulet',
  seed: 4105,
  startsAt: Date.UTC(2026, 0, 30, 23, 50, 0),
  gapMs: 700,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second } = dateParts(at);
    return `${year.slice(2)}/${month}/${day} ${hour}:${minute}:${second} ${level} ${component}: `;
  },
  values: {
    op: [
      'Map',
      'KeyBy->Sum',
      'Source: orders',
      'Sink: warehouse',
      'Join(clicks,views)',
      'Window[5 min]',
      'Filter',
      'Source: payments (3)',
    ],
    task: ['task_{int:1..40}_{int:0..63}'],
    worker: ['worker-{int:1..24}', 'worker-{int:1..24}.{one:rack-a|rack-b}.internal'],
    block: [
      'shuffle_{int:0..9}_{int:0..999}_{int:0..63}',
      'broadcast_{int:0..200}_piece{int:0..4}',
      'state_{int:0..40}_{int:0..63}',
    ],
    topic: ['orders', 'payments.v2', 'clicks', '__offsets', 'audit-log'],
    store: [
      's3a://lake/checkpoints/{hex:8}/chk-{int:1..900}',
      'file:/data/rivulet/ckpt/{int:1..900}',
      'hdfs://nn1:8020/ckpt/{hex:8}/{int:1..900}',
    ],
    exc: [
      'java.io.IOException: Connection reset by peer',
      'java.lang.IllegalStateException: buffer pool destroyed',
      'java.util.concurrent.TimeoutException',
      'java.lang.NumberFormatException: For input string: "{one:n/a|12,5|NaN|-}"',
      'java.lang.NullPointerException: Cannot invoke "Order.total()" because "order" is null',
    ],
  },
  statements: [
    ...routine(`
      300 INFO exec.TaskRunner | Running {task@} of stage {int:0..40} (attempt {int:0..3})
      ^ INFO exec.TaskRunner | Finished {task@}. {big:6} bytes result sent to driver
      160 INFO store.Blocks | Block {block} stored as {one:values|bytes} in memory (estimated size {size}, free {size})
      120 INFO store.Blocks | Found block {block} locally
      80 INFO shuffle.Fetcher | Getting {int:1..900} non-empty blocks out of {int:1..900}, {int:0..40} remote fetches in {int:0..90} ms
      70 INFO ckpt.Coordinator | Checkpoint {int:1..900} triggered at {big:9}
      60 INFO ckpt.Coordinator | Checkpoint {int:1..900} complete: {size} in {dur}, alignment {int:0..900} ms, path {store}
      50 INFO source.KafkaReader | [{topic}] partition {int:0..31} offset {big:9} committed, lag {int:0..20000}
      40 INFO memory.Spiller | Thread {int:20..90} spilling sort data of {size} to disk ({int:0..30} time{maybe:s} so far)
      34 DEBUG op.Window | {op} emitted {int:0..4000} row(s) for window [{clock}, {clock}) late=0 dropped=0
      24 INFO store.Blocks | Removed {block} on {worker} in memory (size: {size}, free: {size})
      20 INFO cluster.Registry | Heartbeat of {worker}: {int:0..16} slot(s) free, heap {int:10..92}%
      12 INFO op.State | Restored {op} from {store} ({int:0..400} key groups)
      10 INFO jit.Codegen | Code generated in {float:2..900;6} ms
      !80 INFO shuffle.Fetcher | Started 0 remote fetches in {int:0..3} ms
      !60 INFO exec.TaskRunner | Killed speculative copy of {task}, another copy was faster
      ~ INFO cluster.Registry | Worker {worker} registered with {int:4..32} cores, {size} RAM
      ~ INFO cluster.Registry | Worker {worker} left on request: scale-in
      ~ INFO main | Changing view acls to: {one:etl|etl,root|}
      ~ INFO main | Running Rivulet version {int:2..4}.{int:0..9}.{int:0..3}
      ~ INFO main | Registered signal handlers for [TERM, HUP, INT]
      ~ INFO main | Failure rate restart strategy: max {int:2..9} failures per {int:1..30} min
      ~ INFO net.Transport | Service 'driver' listens on port {port}
      ~ INFO net.Transport | Service '{one:ui|metrics}' could not use port {port}, trying {port}
      ~ INFO op.Planner | Optimized plan: {list:op;2..6; -> }
      ~ INFO ckpt.Cleaner | Discarded {int:1..40} subsumed checkpoint(s), 0 failed
      ~ INFO op.Udf | ErrorParser.parseError registered as user function {int:1..30}
      ~ INFO main | Shutdown hook called
      ~ INFO main | Deleting directory /tmp/rivulet-{uuid}
    `),
    ...borderline(`
      20 WARN exec.TaskRunner | {task} failed on {worker}, will be tried again ({int:1..3} of 4): {exc}
      14 WARN net.Client | Connection to {worker}:{port} was slow: {dur}
      9 WARN ckpt.Coordinator | Checkpoint {int:1..900} expired before completing, {int:1..2} tolerated
      ~ WARN util.NativeLibs | Native compression not available for this platform... using builtin classes where applicable
      ~ WARN op.Window | {op} dropped {int:1..90} late row(s), max lateness {dur}
      ~ WARN source.KafkaReader | [{topic}] rebalancing, {int:0..31} partition(s) revoked
      ~ ERROR op.Deserializer | Skipping malformed record at {topic}-{int:0..31}@{big:9}: {exc}
    `),
    ...trouble(`
      ~ ERROR exec.TaskSet | Task {int:0..63} in stage {int:0..40} failed 4 times; aborting job
      ~ ERROR main | Uncaught exception in thread {one:main|dispatcher-event-loop-3|stream-worker-11}
      ^ ERROR main | Root cause: {exc}
      ~ ERROR cluster.Registry | Lost {worker}: no heartbeat for {int:60000..180000} ms, {int:1..16} running task(s) gone
      ~ ERROR exec.TaskRunner | java.lang.OutOfMemoryError: {one:Java heap space|GC overhead limit exceeded|Direct buffer memory}
      ~ ERROR ckpt.Coordinator | No checkpoint completed in {int:30..240} min, failing the job
      !24 ERROR shuffle.Fetcher | Failed to fetch {block} from {worker}:{port}: gave up after {int:3..9} tries
      ~ ERROR op.Sink | Transaction {uuid} could not be committed, {int:1..90000} row(s) lost
      ~ WARN store.Blocks | Local directory /data{int:1..9}/rivulet is not writable any more, blacklisting it
      ~ INFO main | Job "{one:daily-revenue|fraud-score|sessionize}" switched from RUNNING to FAILED
      ~ INFO exec.Launcher | Container {hex:8} exited with status {one:137|143|1|-100}. Diagnostics: {one:killed on request|container beyond physical memory limit|}
      ~ ERROR main | Driver {ipport} disassociated! Shutting down.
      ~ FATAL source.KafkaReader | [{topic}] offset {big:9} out of range and no reset policy defined, stopping
    `),
  ],
};
