import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A host of virtual machines and its controller: instances, volumes, migrations, a scheduler. */
export const hypervisor: System = {
  name: 'Cloudloft',
  seed: 4201,
  startsAt: Date.UTC(2026, 4, 28, 22, 0, 0),
  gapMs: 1_500,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second, millis } = dateParts(at);
    return `loft-${component.split('.')[0]}.log ${year}-${month}-${day} ${hour}:${minute}:${second}.${millis} {int:2000..32000} ${level} loft.${component} [{maybe:req-{uuid} {hex:32} - }-] `;
  },
  values: {
    vm: ['{uuid}'],
    node: ['hv-{pad:1..24;2}', 'hv-{pad:1..24;2}.zone2'],
    flavor: ['m1.small', 'm1.large', 'gpu.a10', 'c2.medium'],
    image: ['ubuntu-24.04', 'windows-2025', 'golden-{int:1..90}'],
    verb: ['GET', 'POST', 'DELETE'],
  },
  statements: [
    ...routine(`
      260 INFO api.wsgi | call {verb} /v3/machines/{one:all|{uuid}} of {ip} answered {one:200|202|204|404} in {float:0..2;4} s, {int:200..4000} bytes
      120 INFO compute.claims | vm {vm@}: {int:512..16384} MB, {int:10..400} GB and {int:1..16} vcpus reserved on node {node}
      ^ INFO compute.manager | vm {vm@}: image {uuid} is here, made in {float:1..40;2} seconds
      ^ INFO compute.manager | vm {vm@}: Up after {float:4..90;2} seconds
      110 INFO compute.lifecycle | vm {vm}: state event: started
      100 INFO compute.lifecycle | vm {vm}: state event: paused
      90 INFO compute.resources | Node {node}: {int:8..128} vcpus in all, {int:0..128} used; {int:16000..512000} MB in all, {int:0..512000} used
      60 INFO compute.manager | vm {vm@}: Taking it down as its owner asked
      ^ INFO compute.manager | vm {vm@}: Network and disks released in {float:0..9;2} seconds
      50 INFO image.cache | Base file /var/lib/loft/base/{hex:40} is used by {int:1..40} instance(s)
      40 INFO image.cache | Base file /var/lib/loft/base/{hex:40} is unused, age {int:100..90000} seconds
      30 DEBUG sched.filters | Filter RamFilter returned {int:1..24} host(s)
      24 INFO net.agent | Port {uuid} wired in {int:20..900} ms, vlan {int:10..4000}
      20 INFO vol.manager | Volume {uuid} attached at /dev/vd{one:b|c|d} on {node}
      14 INFO migrate.live | vm {vm}: {int:1..99}% copied, {int:0..9000} MB left, {int:10..900} MB/s
      !60 INFO compute.sync | vm {vm}: State in database and on host agree: {one:running|shutdown|paused}
      ~ INFO migrate.live | vm {vm}: Migration to {node} finished, downtime {int:10..900} ms
      ~ INFO compute.manager | vm {vm}: Rebooted at the request of its owner
      ~ INFO sched.manager | {int:3..24} host(s) known, 0 dead
      ~ INFO compute.manager | vm {vm}: Deleted disks are kept for {int:1..72} h in case of error
      ~ INFO service | Starting compute node (version {int:21..30}.{int:0..9}.{int:0..9})
      ~ INFO net.agent | Security group {uuid} refreshed, {int:1..90} rule(s)
      ~ INFO vol.manager | Snapshot {uuid} of volume {uuid} done, {int:1..900} GB
      ~ INFO api.wsgi | ({int:1000..9000}) listens on 0.0.0.0:{int:8000..9000}
      ~ ERROR rpc.amqp | Connected again to {ipport} after {int:1..9} attempts
    `),
    ...borderline(`
      20 WARNING compute.sync | vm {vm}: Database says running, host says shutdown; calling stop
      14 WARNING rpc.amqp | No reply on {hex:32} within 60 s, asking again
      9 WARNING image.cache | Nobody knows of base file /var/lib/loft/base/{hex:40}
      ~ WARNING sched.filters | No host with {int:16..512} GB for flavor {flavor}, request {uuid} waits
      ~ ERROR api.wsgi | Quota exceeded for project {hex:32}: {int:10..40} of {int:10..40} instances
      ~ WARNING net.agent | Port {uuid} binding took {int:10..60} s
    `),
    ...trouble(`
      !18 ERROR compute.manager | vm {vm}: cannot be brought up: {one:disk image is corrupt|no space left on host|qemu exited with 1}
      ~ ERROR sched.manager | Compute node {node} has not reported for {int:120..900} s, its {int:1..40} instance(s) are lost
      ~ ERROR compute.manager | vm {vm}: Guest crashed, watchdog action none
      ~ ERROR migrate.live | vm {vm}: Migration to {node} failed after {int:10..900} s, instance is in error state
      ~ INFO vol.manager | Volume group loft-vols has no free extents, {int:1..9} request(s) refused
      ~ CRITICAL service | Unhandled error: {one:DBConnectionError|MemoryError|AttributeError}, service exits
      ~ ERROR rpc.amqp | Broker {ipport} unreachable, gave up after {int:20..90} attempts
      ~ ERROR net.agent | Bridge br-int is gone, all ports of {node} are down
      ~ INFO compute.lifecycle | Host {node} loses power in {int:1..9} min, no battery left
      ~ ERROR image.cache | Checksum of image {uuid} is wrong, file was damaged on disk
    `),
  ],
};
