import { syslogDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A desktop's system log: daemons of a window system, radios, power, with quoted strings and braces. Has no levels. */
export const desktop: System = {
  name: 'Orchard',
  seed: 4115,
  startsAt: Date.UTC(2026, 6, 14, 7, 0, 0),
  gapMs: 12_000,
  header: ({ at, component }) =>
    `${syslogDate(at)} {one:noas-laptop|noas-laptop|10-0-3-44.dhcp.example.edu} ${component}[{int:0..9000}]${component === 'kernel' ? '' : ' ({int:100..900})'}: `,
  values: {
    app: [
      'com.example.mail',
      'com.example.browser.helper',
      'net.example.notes',
      'org.example.PhotoViewer',
      'com.example.chat',
    ],
    wifi: ['Home 5GHz', 'eduroam', 'Cafe "Nona"', 'iPhone of Dan'],
    title: ['Untitled 2', 'Trip plan', 'FW: invoice overdue', 'שיעורי בית'],
    reason: [
      'Error Domain=NetLayer Code=-{int:1001..1020} "The request timed out." UserInfo={{retry={bool}}}',
      '(null)',
      'Error Domain=Store Code={int:1..40} "no such record" UserInfo={{key={hex:6}}}',
    ],
    addr: ['0x{hex:9}', '<private>'],
  },
  statements: [
    ...routine(`
      180 - kernel | radio0: link is on, channel {int:1..140}, "{wifi}" rssi {int:-90..-30}
      150 - kernel | woken by {one:EC.LidOpen|RTC (Alarm)|XHC2 USB|EHC1} ({one:Network|User|Maintenance|})
      120 - syncd | <{one:Account|Folder|Item}: {addr}> {{state={one:idle|syncing|paused}; items={int:0..900}; dirty={bool}}}
      100 - windowd | {app}: window {int:10..9000} "{title}" ordered {one:front|back|out} at ({int:-1440..2560}, {int:0..1440})
      90 - netd | resolver list is now: {list:ip;0..3;, } search: {maybe:example.edu}
      60 - powerd | battery {int:1..100}%, {one:charging|discharging|charged}, {int:0..11}:{pad:0..59;2} remaining, cycles {int:30..900}
      50 - cardd | contact "{one:Dan Amir|Mom|Dr. O'Hara, DDS|}" merged with {int:1..3} other(s)
      40 - notifyd | delivered to {app}: id={HEX:8} badge={int:0..40}
      34 - launchd | {app}: launched because {one:user|system|timer} asked
      30 - launchd | {app}: left, nothing to do
      20 - kernel | audio: sample rate {one:44100|48000|96000}, headphone={bool}
      16 - backupd | copied {int:1..9000} file(s), {size}, from volume "{one:Main Disk|Photos}"
      !60 - kernel | thermal level {int:0..40}, fan {int:1200..6100}
      ~ - backupd | backup completed, errors skipped: 0
      ~ - kernel | external display attached: "{one:DELL U2720Q|LG HDR 4K|Projector}" {int:1280..5120}x{int:720..2880}@{int:30..144}
      ~ - kernel | external display detached
      ~ - kernel | last power-off had reason {int:-128..5}
      ~ - windowd | {app}: crash reporter window closed by user
      ~ - updated | "{one:Security Update 2026-003|Printer Drivers}" staged, restart={bool}
      ~ - authd | rights for '{one:system.preferences|install.software}' granted to {app}
      ~ - btd | device "{one:Mouse of Noa|AirBuds|Keyboard K3}" ({mac}) connected
      ~ - btd | device "{one:Mouse of Noa|AirBuds|Keyboard K3}" ({mac}) went to sleep
      ~ - fontd | font file /Library/Fonts/{one:Error Sans.ttf|David Libre.otf|Panic Mono.otf} activated
      ~ - indexd | store rebuilt in {dur}, {big:6} documents
    `),
    ...borderline(`
      90 - syncd | request {HEX:8} failed: {reason}
      70 - sandboxd | {app} denied {one:file-read-data|mach-lookup|network-outbound} {one:/private/etc/hosts|com.example.tccd|*:443}
      40 - browser | Script error nobody caught: {one:TypeError: undefined is not an object|ReferenceError: Can't find variable: ga} at {int:1..900}:{int:1..90}
      30 - windowd | {app} has been unresponsive for {float:2..20;1} s
      20 - kernel | radio0: left "{wifi}" reason {int:1..60} (beacon lost)
      14 - mail | could not send "{title}": server said {int:400..554}
      9 - launchd | {app}: left with code {int:1..78}
      ~ - photos | assertion in -[{one:Grid|Album|Face}Controller {one:layout|reload:}]: index {int:1..90} beyond bounds [0 .. {int:0..9}]
      ~ - printd | printer "{one:Office HP|Canon (2)}" does not answer, job {int:1..90} held
      ~ - kernel | memory pressure {one:warn|normal}, {int:1..40} idle process(es) reaped
      ~ - netd | duplicate address {ip} in use by {mac}
    `),
    ...trouble(`
      ~ - kernel | panic(cpu {int:0..7} caller 0x{hex:16}): "{one:watchdog timeout: no checkins from windowd|Kernel trap at {addr}, type 14=page fault}"
      ~ - kernel | disk0s{int:1..4}: I/O error, lba {big:9}
      ~ - fsckd | volume "{one:Main Disk|Photos}" is damaged and could not be repaired
      ~ - kernel | jetsam: killed {app} [{int:100..9000}] out of memory, {int:0..4000} pages free
      ~ - powerd | battery temperature {int:61..80}C, emergency sleep
      ~ - backupd | startup volume has 0 KB free, backup stopped
      ~ - windowd | server died from signal {one:11|6}, all sessions of this console ended
      ~ - kernel | SMC: fan 0 does not spin, target {int:2000..6000} rpm
    `),
  ],
};
