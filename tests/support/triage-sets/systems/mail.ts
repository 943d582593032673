import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A mail relay: each message has a queue name that runs through the lines of several processes. */
export const mail: System = {
  name: 'Pigeonpost',
  seed: 4119,
  startsAt: Date.UTC(2026, 10, 18, 10, 0, 0),
  gapMs: 3_500,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second, millis } = dateParts(at);
    return `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}000+02:00 mx{int:1..2} pigeon/${component}[{int:900..31999}]: ${level === '' ? '' : `${level}: `}`;
  },
  values: {
    q: ['{HEX:10}', '4{hex:6}Zz{hex:4}'],
    from: [
      '<noa@example.com>',
      '<bounce+{hex:8}@lists.example.org>',
      '<>',
      '<"o\'neil, pat"@example.net>',
      '<root@db1.internal>',
    ],
    to: [
      '<dan@example.com>',
      '<orders@shop.example>',
      '<מידע@דוגמה.co.il>',
      '<all@example.com>',
      '<postmaster@example.net>',
    ],
    mx: ['mx.example.net[{ip}]:25', 'mail.example.org[{ip6}]:25', 'gw.internal[{ip}]:10025', 'none'],
    peer: ['unknown[{ip}]', 'mail-{int:1..90}.example.org[{ip}]', 'localhost[::1]'],
    reply: [
      '250 2.0.0 Ok: queued as {HEX:10}',
      '250 2.6.0 <{hex:12}@example.com> [InternalId={big:9}] Queued mail',
      '250 OK id=1{hex:6}-{hex:6}-2B',
    ],
    later: [
      '451 4.7.1 greylisted for {int:60..900} seconds',
      '421 too many connections from your host',
      '450 mailbox busy',
    ],
    bounce: ['550 5.1.1 user unknown', '554 rejected: listed at bl.example.org', '552 mailbox full'],
    rule: ['HTML_ONLY', 'SPF_PASS', 'BAD_DATE', 'ERROR_SUBJECT', 'DKIM_OK'],
    file: ['/etc/pigeon/transport.db', '/var/spool/pigeon/incoming/{HEX:10}', '/etc/pigeon/aliases'],
  },
  statements: [
    ...routine(`
      230 - smtpd | connect from {peer@}
      ^ - smtpd | {q@}: client={peer@}
      ^ - cleanup | {q@}: message-id=<{hex:12}.{hex:6}@{one:example.com|lists.example.org}>
      ^ - qmgr | {q@}: from={from}, size={big:6}, nrcpt={int:1..40} (queue active)
      ^ - smtp | {q@}: to={to}, {maybe:orig_to=<root>, }relay={mx}, delay={float:0..9;2}, delays={float:0..1;2}/{float:0..1;2}/{float:0..4;2}/{float:0..4;2}, dsn=2.0.0, status=sent ({reply})
      ^ - qmgr | {q@}: removed
      ^ - smtpd | disconnect from {peer@} ehlo=1 mail={int:0..3} rcpt={int:0..40} data={int:0..3} quit=1 commands={int:3..48}
      40 - milter | {q}: spam score {float:-4..4.9;1}/5.0 tests=[{list:rule;0..5;,}]
      30 - tls | {one:Anonymous|Trusted|Untrusted} TLS connection established {one:to|from} {peer}: {one:TLSv1.3|TLSv1.2} with cipher {one:AES256-GCM|CHACHA20} ({int:128..256}/{int:128..256} bits)
      16 - anvil | statistics: max connection rate {int:1..40}/60s for ({one:smtp|submission}:{ip}) at {one:Nov 18|Nov 17} {clock}
      10 - scan | {q}: clean, {int:0..9} attachment(s), engine errors 0
      !40 - bounce | {q}: sender delivery status notification: {HEX:10}
      ~ - master | daemon started -- version {int:3..4}.{int:0..9}.{int:0..9}, configuration /etc/pigeon
      ~ - master | reload -- version {int:3..4}.{int:0..9}.{int:0..9}, configuration /etc/pigeon
      ~ - map | rebuilt {file}, {int:2..9000} entries, 0 bad
      ~ - scan | signature base "{one:daily|main|bytecode}" is now {int:20000..29000}
      ~ - dkim | {q}: signature of {one:example.com|lists.example.org} is good
      ~ - archive | {q}: copied to "{one:Legal hold|Failed orders 2026}"
      ~ - qmgr | queue run finished, {int:0..400} deferred, oldest {dur}
    `),
    ...borderline(`
      60 - smtp | {q}: to={to}, relay={mx}, delay={float:0..900;2}, dsn=4.0.0, status=deferred (host {mx} said: {later} (in reply to {one:RCPT TO|MAIL FROM|end of DATA} command))
      40 - smtp | {q}: to={to}, relay={mx}, delay={float:0..9;2}, dsn=5.0.0, status=bounced (host {mx} said: {bounce})
      44 - smtpd | reject: RCPT from {peer}: 554 5.7.1 {to}: Relay access denied; from={from} to={to} proto=ESMTP helo=<{one:WIN-{HEX:6}|localhost|example.com}>
      30 warning smtpd | {peer}: login {one:LOGIN|PLAIN} authentication failed: {one:generic failure|UGFzc3dvcmQ6|}
      20 - smtpd | lost connection after {one:EHLO|AUTH|DATA ({int:0..900} bytes)} from {peer}
      ~ warning smtpd | hostname {int:1..90}.pool.example.org does not resolve to address {ip}
      ~ - milter | {q}: quarantined as spam, score {float:8..40;1}
      ~ warning dkim | {q}: key of {one:example.com|lists.example.org} not found
    `),
    ...trouble(`
      !30 warning qmgr | all relays for {one:shop.example|example.com} are unreachable, {int:50..9000} message(s) waiting
      ~ fatal smtpd | open {file}: {one:Input/output error|Structure needs cleaning}
      ~ warning queue | not enough free space in mail queue: {int:0..9000} bytes < {int:1..3}*size limit; refusing mail
      ~ warning master | process /usr/lib/pigeon/{one:smtpd|cleanup|qmgr} pid {int:900..31999} exit status 1
      ~ warning master | process /usr/lib/pigeon/{one:smtpd|cleanup|qmgr} pid {int:900..31999} killed by signal {one:6|11}
      ^ warning master | /usr/lib/pigeon/{one:smtpd|cleanup|qmgr}: bad command startup -- throttling
      ~ panic cleanup | {q}: record type {int:60..90} out of order, message lost
      ~ error scan | scanner engine at {one:/run/scan.sock|{ipport}} does not answer, mail is held
      ~ fatal map | {file} is damaged: page {int:0..90} has a bad checksum
      ~ - archive | {int:1..90} message(s) vanished from "{one:Legal hold|Failed orders 2026}" before they were written
      ~ warning smtpd | {int:20..400} failed logins from {ip} within {int:1..10} min, address banned as attacker
      ~ error tls | certificate of this server expired on {day}, peers hang up
    `),
  ],
};
