import { syslogDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** The system log of a host on the open network: logins, services, timers, kernel. Has no levels. */
export const host: System = {
  name: 'Gatehouse',
  seed: 4102,
  startsAt: Date.UTC(2026, 3, 2, 21, 14, 7),
  gapMs: 21_000,
  header: ({ at, component, random }) =>
    `${syslogDate(at)} gatehouse${random() < 0.2 ? '-b' : ''} ${component}${component === 'kern' ? '' : '[{int:300..31999}]'}: `,
  values: {
    user: [
      'root',
      'deploy',
      'admin',
      'git',
      'noa',
      'oracle',
      'test',
      'pi',
      'ubnt',
      'postgres',
      'erez',
      'www-data',
      'ftpuser',
    ],
    key: ['SHA256:{hex:20}+{hex:12}', 'SHA256:{hex:32}/{hex:6}'],
    unit: [
      'certrenew.service',
      'metrics-agent.service',
      'rotate.service',
      'packages-daily.timer',
      'backup@home.service',
      'trim.service',
    ],
    ifc: ['eth0', 'eth1', 'wg0', 'docker0', 'veth{hex:7}'],
    script: [
      '/usr/local/bin/rotate-keys',
      '/opt/backup/run.sh --incremental',
      '[ -x /usr/sbin/anajob ] && run-all /etc/job.daily',
      '/usr/lib/stat/sa1 1 1',
    ],
    prog: ['java', 'postgres', 'node', 'python3', 'kworker/u8:2', 'rsync'],
    disk: ['sda', 'sdb', 'nvme0n1'],
  },
  statements: [
    ...borderline(`
      300 - loginsrv | password of {user} refused, peer {ip} port {port} proto 2
      210 - loginsrv | password of nonexistent account {user} refused, peer {ip} port {port} proto 2
      80 - loginsrv | nonexistent account {user} tries to log in, peer {ip} port {port}
      60 - loginsrv | auth_stack(loginsrv): check failed; tty=net ruser= rhost={ip}{maybe: user={user}}
      14 - asroot | {user} : command not permitted ; TTY=pts/{int:0..9} ; DIR=/home/{user} ; AS=root ; RUN={script}
      9 - asroot | {user} gave a wrong password on pts/{int:0..9}
      ~ - init | {unit}: will be started again, {int:1..4} restart(s) so far.
      ~ - timesync | no usable time source at the moment
      ~ - kern | {ifc}: frame with our own address as sender (addr:{mac}, vlan:{int:0..40})
    `),
    ...routine(`
      150 - loginsrv | peer {ip} port {port} hung up [before auth]
      110 - loginsrv | peer of account {user} gone: {ip} port {port} [before auth]
      90 - loginsrv | goodbye from {ip} port {port}:11: Normal Shutdown [before auth]
      70 - loginsrv | key accepted for {user@} from {ip@} port {port@} proto 2: {one:ED25519|RSA} {key}
      ^ - loginsrv | auth_stack(loginsrv): session of {user@}(uid={int:0..1009}) begins, opened by (uid=0)
      ^ - loginsrv | auth_stack(loginsrv): session of {user@} ends
      130 - JOBS | auth_stack(jobs): session of {user@}(uid={int:0..1009}) begins, opened by (uid=0)
      ^ - JOBS | ({user@}) RUN ({script})
      ^ - JOBS | auth_stack(jobs): session of {user@} ends
      40 - init | Starting {unit@} - {one:Turn log files over|Renew certificates|Trim unused blocks|Daily package download}...
      ^ - init | {unit@}: finished.
      ^ - init | {unit@}: used {float:0..9;3}s of CPU.
      18 - seats | session {int:100..9000} of {user} is new.
      18 - seats | session {int:100..9000} logged out, waiting for its processes.
      24 - lease | asking for {ip@} on {ifc} at {ip} port 67
      ^ - lease | {ip@} granted by {ip}
      ^ - lease | {ip@} is ours -- again in {int:1200..43000} seconds.
      16 - kern | [FW DROP] IN={ifc} OUT= MAC={mac}:{mac}:08:00 SRC={ip} DST={ip} LEN={int:40..1500} TTL={int:30..250} ID={int:0..65535} {maybe:DF }PROTO={one:TCP|UDP} SPT={port} DPT={int:20..9000}
      10 - timesync | following {ip} ({one:clock1.example.net|clock2.example.net|time.example.org}), offset {float:-0.02..0.02;6} s
      9 - logship | forwarder 'fwd-{int:0..9}' is back after an error
      8 - mail/in | connect from unknown[{ip@}]
      ^ - mail/in | unknown[{ip@}] left: hello=1 quit=1 commands=2
      6 - kern | {ifc}: carrier is up, ready
      5 - asroot | {user} : TTY=pts/{int:0..9} ; DIR=/home/{user} ; AS=root ; RUN={script}
      ~ - kern | vol4 ({disk}{int:1..4}): mounted {uuid} r/w, journal ordered, no quota.
      ~ - kern | vol4 ({disk}{int:1..4}): options now errors=remount-ro,noatime
      ~ - kern | firmware: keeping error table at [mem 0x{hex:8}-0x{hex:8}]
      ~ - kern | bus 0000:0{int:0..9}:0{int:0..9}.{int:0..7}: window {int:0..5} [mem 0x{hex:8}-0x{hex:8} 64bit pref]
      ~ - kern | boot line: image=/vmlinuz-{int:5..6}.{int:1..19}.0-{int:10..99} root={uuid} ro quiet panic=-1 oops=panic
      ~ - kern | corrected-errors collector ready
      ~ - passwd | auth_stack(passwd): {user} has a new password
      ~ - accounts | new user: name={user}, uid={int:1001..1100}, gid={int:1001..1100}, home=/home/{user}, shell=/bin/bash, by=/dev/pts/{int:0..9}
      ~ - diskcheck | /dev/{disk} [SAT], attribute 194 Temperature went from {int:60..75} to {int:60..75}
      ~ - diskcheck | /dev/{disk} [SAT], error log unchanged, 0 errors
      ~ - init | target {one:timers|network-online|multi-user} reached.
    `),
    ...trouble(`
      !40 - loginsrv | error: too many authentication failures for {maybe:nonexistent account }{user} from {ip} port {port} proto 2 [before auth]
      !22 - loginsrv | {int:2..5} further authentication failures; tty=net ruser= rhost={ip} user={user}
      ~ - loginsrv | name {int:1..200}-{int:1..200}.static.example-isp.net does not map back to {ip}: POSSIBLE BREAK-IN!
      ~ - kern | memory exhausted: killed process {int:300..31999} ({prog}) vm:{big:8}kB, anon:{big:7}kB, file:{int:0..900}kB, uid:{int:0..1009} score:{int:-500..900}
      ~ - kern | {prog}[{int:300..31999}]: segfault at {hex:8} ip 00007f{hex:10} sp 00007ff{hex:9} error {int:4..6} in {one:libc.so.6|libtls.so.3}[7f{hex:10}+{hex:6}]
      ~ - kern | block layer: I/O error on {disk}, sector {big:9}, op READ flags 0x{hex:4} prio {int:0..3}
      ~ - kern | vol4 error ({disk}{int:1..4}) in find_entry:{int:1000..1900}: inode #{big:7}: task {prog}: directory block {int:0..9} unreadable
      ~ - kern | vol4 ({disk}{int:1..4}): going read-only
      ~ - kern | watchdog: CPU#{int:0..15} has been stuck for {int:22..90}s! [{prog}:{int:10..31999}]
      ~ - kern | machine check on CPU {int:0..15} bank {int:0..9}: status {hex:16}, not recoverable
      ~ - init | {unit}: main process ended, status={int:1..203}/{one:FAILURE|EXEC|n/a}
      ^ - init | {unit}: failed, result 'exit-code'.
      ~ - init | Could not start {unit} - {one:Turn log files over|Renew certificates|Trim unused blocks}.
      ~ - diskcheck | /dev/{disk} [SAT], {int:1..90} sectors cannot be read or moved
      ~ - logship | cannot write '/var/log/{one:all|auth|kern}.log': No space left on device
      ~ - kern | PANIC, not syncing disks: {one:fatal fault in interrupt|init was killed, code 0x0000000b}
    `),
  ],
};
