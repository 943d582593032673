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
      300 INFO exec.TaskRunner | Start {task@}, stage {int:0..40}, try {int:0..3}
      ^ INFO exec.TaskRunner | End {task@}: result of {big:6} bytes handed to coordinator
      160 INFO store.Blocks | Kept {block} as {one:objects|bytes}, about {size} ({size} of room left)
      120 INFO store.Blocks | Using own copy of {block}
      80 INFO shuffle.Fetcher | {int:1..900} of {int:1..900} pieces have rows, {int:0..40} asked from others within {int:0..90} ms
      70 INFO ckpt.Coordinator | Checkpoint {int:1..900} triggered at {big:9}
      60 INFO ckpt.Coordinator | Checkpoint {int:1..900} complete: {size} in {dur}, alignment {int:0..900} ms, path {store}
      50 INFO source.KafkaReader | [{topic}] partition {int:0..31} offset {big:9} committed, lag {int:0..20000}
      40 INFO memory.Spiller | Sorter of thread {int:20..90} writes {size} to disk ({int:0..30} time{maybe:s} up to now)
      34 DEBUG op.Window | {op} emitted {int:0..4000} row(s) for window [{clock}, {clock}) late=0 dropped=0
      24 INFO store.Blocks | Dropped {block} at {worker} [{size}, room: {size}]
      20 INFO cluster.Registry | Heartbeat of {worker}: {int:0..16} slot(s) free, heap {int:10..92}%
      12 INFO op.State | Restored {op} from {store} ({int:0..400} key groups)
      10 INFO jit.Codegen | Expression compiled, {float:2..900;6} ms
      !80 INFO shuffle.Fetcher | Nothing to ask from others ({int:0..3} ms)
      !60 ERROR exec.TaskRunner | Twin of {task} killed, the other was faster
      ~ INFO cluster.Registry | Worker {worker} registered with {int:4..32} cores, {size} RAM
      ~ INFO cluster.Registry | Worker {worker} left on request: scale-in
      ~ INFO main | May view: {one:etl|etl,root|}
      ~ INFO main | This is Rivulet {int:2..4}.{int:0..9}.{int:0..3}
      ~ INFO main | Listening to signals TERM, HUP, INT
      ~ INFO main | Failure rate restart strategy: max {int:2..9} failures per {int:1..30} min
      ~ INFO net.Transport | Endpoint 'coordinator' bound to {port}
      ~ INFO net.Transport | Endpoint '{one:ui|metrics}' found {port} taken, goes to {port}
      ~ INFO op.Planner | Optimized plan: {list:op;2..6; -> }
      ~ INFO ckpt.Cleaner | Discarded {int:1..40} subsumed checkpoint(s), 0 failed
      ~ INFO op.Udf | ErrorParser.parseError registered as user function {int:1..30}
      ~ ERROR main | Leaving, hooks run
      ~ INFO main | Scratch /tmp/rivulet-{uuid} wiped
    `),
    ...borderline(`
      20 WARN exec.TaskRunner | {task} failed on {worker}, will be tried again ({int:1..3} of 4): {exc}
      14 WARN net.Client | Connection to {worker}:{port} was slow: {dur}
      9 WARN ckpt.Coordinator | Checkpoint {int:1..900} expired before completing, {int:1..2} tolerated
      ~ WARN util.NativeLibs | No native compression here, the slow one is used
      ~ WARN op.Window | {op} dropped {int:1..90} late row(s), max lateness {dur}
      ~ WARN source.KafkaReader | [{topic}] rebalancing, {int:0..31} partition(s) revoked
      ~ ERROR op.Deserializer | Skipping malformed record at {topic}-{int:0..31}@{big:9}: {exc}
    `),
    ...trouble(`
      ~ ERROR exec.TaskSet | Partition {int:0..63} of stage {int:0..40} has failed too often, job is aborted
      ~ ERROR main | Nobody caught what was thrown in {one:main|dispatcher-3|stream-worker-11}
      ^ ERROR main | Root cause: {exc}
      ~ INFO cluster.Registry | Lost {worker}: no heartbeat for {int:60000..180000} ms, {int:1..16} running task(s) gone
      ~ ERROR exec.TaskRunner | java.lang.OutOfMemoryError: {one:Java heap space|GC overhead limit exceeded|Direct buffer memory}
      ~ ERROR ckpt.Coordinator | No checkpoint completed in {int:30..240} min, failing the job
      !24 ERROR shuffle.Fetcher | Failed to fetch {block} from {worker}:{port}: gave up after {int:3..9} tries
      ~ ERROR op.Sink | Transaction {uuid} could not be committed, {int:1..90000} row(s) lost
      ~ WARN store.Blocks | Local directory /data{int:1..9}/rivulet is not writable any more, left out from now
      ~ INFO main | Job "{one:daily-revenue|fraud-score|sessionize}" switched from RUNNING to FAILED
      ~ INFO exec.Launcher | Container {hex:8} exited with status {one:137|143|1|-100}. Diagnostics: {one:killed on request|container beyond physical memory limit|}
      ~ ERROR main | Coordinator {ipport} is gone! Ending.
      ~ FATAL source.KafkaReader | [{topic}] offset {big:9} out of range and no reset policy defined, stopping
    `),
  ],
};
