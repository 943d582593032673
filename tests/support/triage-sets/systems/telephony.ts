import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A telephone exchange of an office: calls, trunks, registrations, voice mail; states in capitals, numbers of people. */
export const telephony: System = {
  name: 'Ringmain',
  seed: 4121,
  startsAt: Date.UTC(2026, 1, 24, 6, 0, 0),
  gapMs: 2_800,
  header: ({ at, level, component }) => {
    const { monthName, day, hour, minute, second, millis } = dateParts(at);
    return `[${monthName} ${day} ${hour}:${minute}:${second}.${millis}] ${level}[{int:100..9000}]{maybe:[C-{hex:8}]} ${component}.c:{int:20..9900} `;
  },
  values: {
    chan: [
      'SIP/{int:100..399}-{hex:8}',
      'PJ/trunk-{one:bezek|cell}-{hex:8}',
      'Local/{int:100..399}@office-{hex:8};{int:1..2}',
    ],
    number: ['+972{int:20000000..59999999}', '{int:100..399}', '*{int:60..98}', 'anonymous', '<unknown>'],
    name: ['"Noa Levi"', '"משרד ראשי"', '"Front Desk #2"', '""'],
    trunk: ['trunk-bezek', 'trunk-cell', 'e1/{int:1..4}'],
    codec: ['ulaw', 'alaw', 'opus', 'g722'],
    cause: [
      '16 (Normal Clearing)',
      '17 (User busy)',
      '19 (No answer)',
      '34 (Circuit congestion)',
      '127 (Interworking)',
    ],
  },
  statements: [
    ...routine(`
      200 VERBOSE pbx | -- Executing [{number}@office:{int:1..40}] {one:Dial|Answer|Playback|Hangup|GotoIf}("{chan@}", "{one:SIP/201,30,tT|busy-error|0?fail:ok|}") in new stack
      ^ VERBOSE app_dial | -- {chan@} is {one:ringing|making progress|busy}
      ^ VERBOSE app_dial | -- {chan@} answered {chan}
      ^ VERBOSE pbx | -- Hungup '{chan@}', cause {cause}
      130 NOTICE reg | Registered {int:100..399} at {ipport} ({one:Phone X3/2.1|softphone 5|}) expires {int:60..3600}
      90 DEBUG rtp | {chan}: jitter {float:0..40;1} ms, lost {int:0..40}, rtt {float:1..180;1} ms
      70 VERBOSE chan | {chan}: codecs offered ({list:codec;1..4;|}) chosen {codec}
      40 VERBOSE cdr | record {float:1700000000..1800000000;2} src={number} dst={number} billsec={int:0..4000} disposition={one:ANSWERED|NO ANSWER|BUSY|FAILED}
      30 VERBOSE queue | caller {name} <{number}> joined queue {one:support|sales|תמיכה} at position {int:1..14}
      24 VERBOSE queue | agent {int:100..399} paused={bool} in queue {one:support|sales|תמיכה}
      16 VERBOSE voicemail | message {pad:0..99;4} left for mailbox {int:100..399}, {int:1..300} s
      10 NOTICE qualify | peer {int:100..399} is now Reachable. ({int:1..400}ms / 2000ms)
      !50 NOTICE qualify | peer {int:100..399} is now Lagged. ({int:2000..4000}ms / 2000ms)
      ~ VERBOSE loader | loaded {one:app_queue.so|res_errorlog.so|chan_sip.so} => ({one:True Call Queueing|Error Log Driver|Session Channel})
      ~ ERROR loader | {int:100..300} modules will be loaded.
      ~ VERBOSE config | Parsing '/etc/ringmain/{one:queues|failover|users}.conf': Found
      ~ ERROR trunk | {trunk}: alarm cleared
      ~ NOTICE trunk | {trunk}: test call ok, {int:100..900} ms to answer
      ~ NOTICE fax | page {int:1..40} from {number}, {int:100..4000} rows, {int:0..20} bad
      ~ VERBOSE manager | user 'dialer' logged on from {ip}
      ~ VERBOSE manager | user 'dialer' logged off from {ip}
      ~ NOTICE core | restarting when convenient, {int:0..9} call(s) active
      ~ NOTICE emergency | route for {one:100|101|112} verified, no call placed
    `),
    ...borderline(`
      80 NOTICE reg | Registration from '{name} <sip:{number}@{ip}>' failed for '{ipport}' - {one:Wrong password|No matching peer found|Not a local domain}
      24 NOTICE qualify | peer {int:100..399} is now UNREACHABLE! Last qualify: {int:0..900}
      16 WARNING chan | Retransmission timeout on {hex:24}@{ip} for seqno {int:1..900} ({one:Critical Response|Non-critical Request})
      9 WARNING rtp | {chan}: no audio for {int:10..60} s, hanging up
      ~ WARNING channel | Unable to find a codec translation path: ({codec}) -> ({codec})
      ~ WARNING file | sound "{one:welcome-he|custom/out of office}" does not exist in any format
      ~ ERROR fax | transmission to {number} failed, sender retries: {one:no carrier|training failed}
    `),
    ...trouble(`
      !18 WARNING trunk | {trunk}: {one:Red|Yellow|Blue} alarm, {int:1..30} channels out of service
      ~ ERROR trunk | {trunk}: registration with the provider lost for {int:10..240} min, outside calls impossible
      ~ WARNING trunk | all circuits busy, {int:3..40} call(s) turned away in the last minute
      ~ ERROR core | too many open files ({int:1024..4096}), cannot take calls
      ~ ERROR lock | thread {hex:12} has waited {int:60..900} s for lock "channels", deadlock likely
      ~ ERROR voicemail | no space on /var/spool/ringmain, message of {number} was discarded
      ~ VERBOSE db | lost connection to billing database, {int:1..9000} call record(s) thrown away
      ~ WARNING core | {one:ringmain|mediaproxy} ended on signal {one:11|6}, core dumped, {int:1..90} call(s) cut
      ~ WARNING fraud | {int:40..900} calls to {one:+881|+252|+53} prefixes by {int:100..399} since {clock}, account closed as hijacked
      ~ SECURITY reg | {int:20..900} failed registrations from {ip} for {int:2..90} accounts, brute force
      ~ NOTICE power | running on UPS, {int:2..30} min left
      ~ ERROR emergency | call to {one:100|101|112} could not be routed
    `),
  ],
};
