import { plainDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A message broker on an actor runtime: connections, channels, queues, a cluster of nodes, terms printed as the runtime prints them. */
export const broker: System = {
  name: 'Burrow',
  seed: 4117,
  startsAt: Date.UTC(2026, 7, 8, 14, 0, 0),
  gapMs: 2_000,
  header: ({ at, level }) => `${plainDate(at)}000+00:00 [${level}] <0.{int:200..9000}.0> `,
  values: {
    vhost: ['/', 'orders', 'iot-eu'],
    queue: ['invoices', 'mail.out', 'amq.gen-{hex:10}', 'retry.5m', 'dead-letters', 'תור-ראשי'],
    user: ['shop', 'guest', 'iot-bridge', 'monitor'],
    node: ['burrow@mq{int:1..5}', "'burrow@mq-{int:1..3}.eu'"],
    pid: ['<0.{int:200..9000}.0>'],
    conn: ['{ipport} -> {ip}:5672', '[{ip6}]:{port} -> [::1]:5671'],
    arg: ['x-max-length={int:10..9000}', 'x-queue-mode=lazy', 'x-message-ttl={int:1000..90000}'],
    sink: ['<stdout>', '/var/log/burrow/{hex:4}.log', '/var/log/burrow/crash.log'],
    term: [
      '{{badmatch,{{error,enoent}}}}',
      '{{timeout,{{gen_server,call,[{pid},stat,{int:5000..60000}]}}}}',
      'noproc',
      '{{shutdown,{{connection_closing,normal}}}}',
      'econnrefused',
    ],
  },
  statements: [
    ...routine(`
      220 info connection | accepting connection {pid} ({conn@})
      ^ info connection | connection {pid} ({conn@}): user '{user@}' authenticated and granted access to vhost '{vhost}'
      ^ info connection | closed connection {pid} ({conn@}, vhost: '{vhost}', user: '{user@}', duration: '{int:0..59}s')
      130 debug channel | channel {int:1..2047} of {conn} opened, prefetch {int:0..300}
      90 debug queue | queue '{queue}' in vhost '{vhost}': {int:0..9000} ready, {int:0..400} unacked, {int:0..60} consumer{maybe:s}
      60 info queue | declared {one:classic|quorum|stream} queue '{queue}' durable={bool} args=[{list:arg;0..3;,}]
      40 info queue | queue '{queue}' expired after {int:1000..900000} ms without use
      30 info memory | memory {float:10..39;1}% of {size}, below watermark
      24 info connection | client {conn} renamed to "{one:shop-api|error-reporter|node {int:1..40}|}"
      20 info stats | collected {int:100..9000} metrics in {int:1..900} ms, {int:0..9} stale dropped
      12 info federation | link to {node} for exchange '{one:events|amq.topic|failures}' running
      !30 error quorum | {queue}: candidate {pid} votes for {node}, term {int:1..90}
      ~ info boot | node           : {node}
      ~ info boot | cookie hash    : {hex:22}==
      ~ info boot | log(s)         : {list:sink;1..3; }
      ~ info boot | started {one:TCP|TLS|HTTP} listener on {one:[::]:5672|[::]:5671|0.0.0.0:15672}
      ~ info boot | server startup complete; {int:3..9} plugins started.
      ~ info boot | running boot step {one:database|recovery|error_logger|networking}
      ~ info cluster | node {node} up
      ~ info cluster | rolling upgrade: node {node} left on request, {int:0..9} leaders moved
      ~ info policy | set policy '{one:ha-all|ttl|dead}' pattern '^{one:mail|retry|failed}\\.' priority {int:-1..10}
      ~ info user | created user '{user}' tags [{one:|administrator|monitoring}]
      ~ info shovel | shovel 'backfill' finished: {int:1..90000} message(s) moved, 0 failed
    `),
    ...borderline(`
      !70 debug queue | rejected publish to '{queue}', limit {int:1000..90000} reached, policy {one:drop-head|reject-publish}
      60 warning connection | client unexpectedly closed connection {conn}
      30 error connection | connection {pid} ({conn}) refused: user '{user}' - invalid credentials
      24 error channel | channel error on connection {pid} ({conn}), channel {int:1..90}: not_found, "no queue '{queue}' in vhost '{vhost}'"
      14 warning heartbeat | missed heartbeats from {conn}, timeout: {int:10..60}s
      ~ warning queue | '{queue}' has {int:100000..900000} messages and no consumer
      ~ error channel | precondition failed: inequivalent arg 'durable' for queue '{queue}': received '{bool}' but current is '{bool}'
      ~ warning federation | link to {node} went down, {term}, will reconnect in {int:1..30}s
    `),
    ...trouble(`
      !24 alert memory | memory watermark exceeded, {size} of {size}: publishers are blocked
      ~ alert disk | free disk space {int:0..40}MB is under the limit {int:50..900}MB: publishers are blocked
      ~ info cluster | node {node} down: {one:connection_closed|net_tick_timeout}
      ~ error cluster | partial partition: {node} sees {node}, {node} does not; pausing this node
      ~ error quorum | {queue}: no leader for {int:20..900} s, {int:0..1} of 3 members online
      ~ critical store | segment {int:1..9000}.qs of '{queue}' is corrupt at byte {big:8}, {int:1..900} message(s) lost
      ~ error crash | process {pid} terminated abnormally with reason {term}
      ~ error supervisor | supervisor {one:vhost_sup|conn_sup} reached its restart intensity and gives up: {term}
      ~ emergency boot | cannot start, exiting: {term}
      ~ error fd | file descriptor limit {int:1024..65536} reached, no new connections
      ~ warning license | message store of vhost '{vhost}' stopped; its queues are unavailable
      ~ info runtime | port of the disk writer closed with status {int:1..255}
    `),
  ],
};
