import { plainDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A member of a quorum that keeps small facts for a fleet: sessions, elections, snapshots. */
export const coordination: System = {
  name: 'Quorus',
  seed: 4103,
  startsAt: Date.UTC(2026, 5, 19, 8, 0, 0),
  gapMs: 15_000,
  header: ({ at, level, component }) =>
    `${plainDate(at, ',')} [member:{int:1..5}] ${level.padEnd(5)} [{thread}:${component}@{int:40..990}] - `,
  values: {
    thread: [
      'Doorman-{int:0..3}',
      'SyncWorker:{int:1..5}',
      'Ballot/{ipport}',
      'Reaper',
      'main',
      'Snapshotter-{int:0..2}',
    ],
    session: ['0x{hex:14}'],
    tx: ['0x{hex:9}'],
    member: ['{int:1..5}'],
    path: [
      '/locks/reindex-{int:1..60}',
      '/services/{one:billing|search|mailer}/{int:1..40}',
      '/config/feature-flags',
      '/leaders/{one:search|scheduler}',
      '/brokers/ids/{int:1..12}',
    ],
    exc: [
      'java.net.ConnectException: Connection refused',
      'java.io.EOFException',
      'java.net.SocketTimeoutException: Read timed out',
      'java.net.NoRouteToHostException: No route to host',
    ],
  },
  statements: [
    ...routine(`
      240 INFO Doorman | New socket from /{ipport@}
      ^ INFO Sessions | Peer /{ipport@} asks for a fresh session
      ^ INFO Sessions | Session {session@} granted to /{ipport@}, lease {one:4000|10000|30000|40000} ms
      ^ INFO Connection | Socket of /{ipport@} closed, it carried session {session@}
      120 INFO Sessions | Lease of session {session} ran out after {one:4000|10000|30000|40000}ms, expiring it
      100 INFO Processor | Session {session} ended on its own request
      70 INFO Connection | Peer wants session {session} back at /{ipport}
      50 INFO Ballot | Vote received: candidate={member} tx={tx} round={int:1..90} voter={member} voterState={one:SEARCHING|FOLLOWER|LEADER} myState={one:SEARCHING|FOLLOWER|LEADER}
      40 DEBUG Watches | Fired {int:1..40} watch(es) on {path} for {one:Created|Deleted|DataChanged|ChildrenChanged}
      30 INFO Snapshot | Writing state as of {tx@} to /var/lib/quorus/v3/snap.{hex:9}
      ^ INFO Snapshot | State as of {tx@} written in {int:3..4000} ms: {big:6} nodes, {int:0..4000} ephemeral
      14 INFO Purge | Deleting old {one:snapshot|journal} file {hex:9}
      12 INFO Admin | Four-letter request {one:ping|stat|info|peek} answered for /{ipport}
      !60 ERROR Processor | Request refused with user error: session={session} type={one:create|delete|setData} call=0x{hex:3} tx={tx} path={path} error={one:NodeExists|NoNode|BadVersion}
      !30 INFO Learner | Leader sends a difference from {tx}
      ~ INFO Config | Options come from /etc/quorus/{one:member|dynamic}.cfg
      ~ INFO Config | No weights given, simple majority it is
      ~ INFO Config | snapshots.keep is {int:3..10}
      ~ INFO Config | tick.ms is {one:2000|3000}
      ~ INFO Config | session.min.ms is -1
      ~ INFO Ballot | SEARCHING
      ~ INFO Ballot | Opening a ballot; I am {member}, my last tx is {tx}
      ~ INFO Ballot | FOLLOWER
      ~ INFO Ballot | LEADER after {int:12..900} ms
      ~ INFO Learner | In step with the leader, epoch 0x{hex:2}, {int:0..900} proposal(s) replayed
      ~ INFO Env | runtime property {one:java.version|os.name|user.dir|java.io.tmpdir}={one:17.0.9|Linux|/opt/quorus|/tmp}
      ~ INFO Leader | Member {member} follows from {ip}:2888:3888:voter
      ~ INFO Leader | Majority gathered: [{list:member;3..5;, }]; serving from tx {tx}
      ~ INFO Acl | Reloaded {int:1..40} access rule(s), {int:0..2} unknown scheme(s) ignored
    `),
    ...borderline(`
      60 WARN Connection | stream ended early, peer /{ipport} went away first
      70 WARN Ballot | No channel to member {member} at ballot address /{ip}:3888
      ^ WARN Ballot | caused by {exc}
      18 WARN Sync | {thread} spent {int:1000..9000}ms in fsync of the journal, clients will notice
      10 WARN Connection | /{ip} holds more than {one:60|100} connections, refusing another
      ~ WARN Learner | Attempt {int:0..4} to reach the leader at /{ip}:2888 went wrong
      ~ WARN Acl | Session {session} refused: missing permission {one:READ|WRITE|ADMIN} on {path}
      ~ WARN Ballot | Channel of member {member} broke: {exc}
    `),
    ...trouble(`
      ~ ERROR Ballot | Quorum lost: {int:1..2} of 5 members reachable, refusing writes
      ~ WARN Leader | Leader stepping down: no acknowledgement from a majority for {int:4000..20000} ms
      ~ ERROR Sync | Cannot go on, exiting: {exc}
      ~ ERROR Snapshot | Snapshot /var/lib/quorus/v3/snap.{hex:9} is corrupt: checksum {big:9} expected, {big:9} found
      ~ ERROR Sync | Unable to append transaction {tx}: No space left on device
      ~ ERROR Main | Unexpected exception, exiting abnormally
      ~ ERROR Doorman | Thread {thread} died with uncaught exception {one:java.lang.OutOfMemoryError: Java heap space|java.lang.NullPointerException}
      ~ WARN Learner | Giving up following: leader {member} unreachable after {int:5..9} attempts
      ~ INFO Leader | Split view detected: epochs 0x{hex:2} and 0x{hex:2} both claim to lead
      ~ INFO Main | Member {member} leaves the ensemble: data directory has vanished
    `),
  ],
};
