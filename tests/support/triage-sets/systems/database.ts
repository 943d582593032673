import { plainDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A relational database server: statements that were slow, checkpoints, replication, and what its clients do wrong. */
export const database: System = {
  name: 'Tabularis',
  seed: 4106,
  startsAt: Date.UTC(2026, 8, 7, 12, 0, 0),
  gapMs: 2_500,
  header: ({ at, level }) => `${plainDate(at)} UTC [{int:400..32000}] {who}${level}:  `,
  values: {
    who: ['shop_rw@shop ', 'report@shop ', '', 'app@ledger ', 'postgres@postgres ', '[unknown]@[unknown] '],
    table: ['orders', 'order_items', 'customers', 'audit.events', 'sessions', 'public."User"', 'ledger.entries'],
    column: ['total', 'email', 'created_at', 'customer_id', 'sku', 'isActive'],
    role: ['shop_rw', 'report', 'app', 'backup', 'postgres', 'nobody'],
    nth: ['$1', '$2', '$3', '$4'],
    db: ['shop', 'ledger', 'postgres', 'shop_test'],
    sql: [
      'SELECT * FROM {table} WHERE {column} = {nth} ORDER BY {column} LIMIT {int:1..500}',
      'UPDATE {table} SET {column} = {nth} WHERE id = {big:6}',
      'INSERT INTO {table} ({column}, {column}) VALUES ({nth}, {nth}) RETURNING id',
      'COMMIT',
      "DELETE FROM {table} WHERE {column} < now() - interval '{int:1..90} days'",
      'select count(*) from {table}',
    ],
    lsn: ['{int:1..9}/{HEX:8}'],
    index: ['orders_pkey', 'customers_email_key', 'idx_events_created', 'entries_account_fk'],
    bound: ["$1 = '{int:1..900}'", "$2 = 'it''s'", '$3 = NULL', "$4 = '{day}'"],
    segment: ['00000001000000{HEX:2}000000{HEX:2}'],
  },
  statements: [
    ...routine(`
      120 LOG duration | duration: {float:100..9000;3} ms  statement: {sql}
      60 LOG duration | duration: {float:0..90;3} ms  bind {one:S_1|S_2|<unnamed>}: {sql}
      160 LOG auth | connection received: host={ip@} port={port@}
      ^ LOG auth | connection authorized: role={role@} database={db@} application={one:psql|shopd|jdbc|pg_dump 16.2}
      ^ LOG auth | disconnection: after {clock}.{pad:0..999;3} role={role@} database={db@} host={ip@} port={port@}
      60 LOG checkpointer | checkpoint begins: {one:time|wal|immediate force wait}
      ^ LOG checkpointer | checkpoint done: {int:0..9000} buffers ({float:0..60;1}%), {int:0..9} file(s) added, {int:0..9} removed, write={float:0..270;3} s, sync={float:0..3;3} s, total={float:0..280;3} s
      40 LOG vacuum | automatic vacuum of "{db}.{table}": {int:0..900} pages removed, {int:0..90000} remain, {int:0..9000} dead rows gone, {int:0..60} not yet removable
      30 LOG vacuum | automatic analyze of "{db}.{table}" took {float:0..12;2} s
      40 DETAIL duration | parameters: {list:bound;1..5;, }
      24 LOG locks | process {int:400..32000} waits for {one:ShareLock|ExclusiveLock|AccessExclusiveLock} on {one:transaction|tuple|relation} {big:8} for {float:1000..4000;3} ms
      20 LOG locks | process {int:400..32000} got {one:ShareLock|ExclusiveLock|AccessExclusiveLock} on {one:transaction|tuple|relation} {big:8} after {float:1000..9000;3} ms
      20 LOG temp | temporary file: path "base/pgsql_tmp/t{int:1..32000}.{int:0..40}", {big:9} bytes
      16 LOG archive | archived segment {segment} to "/backup/wal/{segment}"
      9 LOG replication | standby "{one:replica-a|replica-b}" is streaming from {lsn}, lag {int:0..9000} bytes
      ~ LOG main | listening on {one:IPv4 address "0.0.0.0"|IPv6 address "::"|Unix socket "/run/tabularis/.s.5432"}, port {one:5432|5433}
      ~ LOG main | last clean shutdown was at {day} {clock} UTC
      ~ LOG main | open for clients
      ~ LOG main | received SIGHUP, reading configuration again
      ~ LOG main | parameter "{one:work_mem|log_min_duration|shared_buffers}" changed to "{one:64MB|250ms|4GB}"
      ~ FATAL main | received smart shutdown request
      ~ LOG recovery | redo starts at {lsn}
      ~ LOG recovery | state is consistent from {lsn}
      ~ LOG recovery | selected new timeline {int:2..9}
      ~ LOG vacuum | skipping vacuum of "{table}": lock not available
      ~ LOG extension | library "error_stats" loaded, tracking up to {int:100..5000} failed statements
      ~ LOG replication | slot "{one:replica_a|cdc_shop}" dropped by {role}
    `),
    ...borderline(`
      40 ERROR parser | relation "{table}" does not exist at character {int:8..200}
      ^ CONTEXT parser | in statement {sql}
      34 ERROR executor | duplicate value in unique index "{index}"
      ^ DETAIL executor | Key ({column})=({one:a.levi@example.com|1042|Grün & Söhne|}) already exists.
      20 ERROR executor | null value in column "{column}" of relation "{table}" violates not-null constraint
      14 FATAL auth | password authentication failed for role "{role}"
      12 ERROR executor | canceling statement due to {one:user request|statement timeout|lock timeout}
      9 ERROR locks | deadlock detected
      ^ HINT locks | The statements are in the server log.
      ~ WARNING txn | COMMIT without a transaction
      ~ ERROR executor | serialization failure, row was changed meanwhile
      ~ ERROR parser | invalid input syntax for type {one:integer|uuid|numeric}: "{one:abc|12,5||NULL}"
      ~ LOG net | reading from client broke off: Connection reset by peer
      ~ WARNING checkpointer | only {int:3..28} seconds between checkpoints
      ~ FATAL auth | no host rule for host "{ip}", role "{role}", database "{db}", no encryption
    `),
    ...trouble(`
      !36 FATAL auth | no slot left for another client ({int:100..500} of {int:100..500})
      ~ PANIC wal | could not write to file "wal/{segment}": No space left on device
      ~ ERROR storage | invalid page in block {int:0..90000} of relation base/{int:10000..20000}/{int:10000..90000}
      ~ ERROR storage | could not read block {int:0..90000} in file "base/{int:10000..20000}/{int:10000..90000}": read only {int:0..8000} of 8192 bytes
      ~ LOG main | server process (PID {int:400..32000}) was terminated by signal {one:9: Killed|11: Segmentation fault|6: Aborted}
      ^ LOG main | ending all sessions
      ^ WARNING main | shared memory may be damaged, starting anew
      ~ ERROR executor | out of shared memory
      ~ FATAL executor | out of memory: request of {big:9} bytes in context "{one:ExecutorState|HashBatchContext}" failed
      ~ LOG archive | archiving of segment {segment} failed {int:3..90} times, giving up until asked again
      ~ FATAL replication | segment {segment} is gone, standby cannot go on
      ~ ERROR replication | connection to primary lost: {one:server closed the connection unexpectedly|timeout expired}
      ~ WARNING txn | database "{db}" runs out of transaction ids in {int:1000000..9000000}, vacuum it or it will refuse to write
      ~ LOG recovery | no clean shutdown found; last sign of life at {day} {clock} UTC
    `),
  ],
};
