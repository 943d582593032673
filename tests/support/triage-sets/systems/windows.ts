import { plainDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** Services of a desktop-and-server operating system: installer, updates, directory, print, with numbers in hexadecimal. */
export const windows: System = {
  name: 'Paneserver',
  seed: 4110,
  startsAt: Date.UTC(2026, 10, 9, 4, 30, 0),
  gapMs: 5_000,
  header: ({ at, level, component }) => `${plainDate(at).slice(0, 19)}, ${level.padEnd(22)}${component.padEnd(7)}`,
  values: {
    package: [
      'Package_{int:1..900}_for_KB{int:4000000..5900000}~31bf{hex:12}~amd64~~{int:6..10}.0.{int:1..9}.{int:0..9}',
      'Feature-{one:Print|Media|Directory}-Core~31bf{hex:12}~amd64~he-IL~10.0.{int:1..9}.{int:0..900}',
    ],
    session: ['{int:30000000..30999999}_{big:9}'],
    file: [
      'C:\\Windows\\System32\\{one:spool|drivers|config}\\{hex:8}.{one:dll|sys|dat}',
      'D:\\Shares\\Finance\\Budget {int:2020..2026} (final).xlsx',
      '\\\\fs01\\profiles\\{account}\\ntuser.dat',
      'C:\\Program Files\\Contoso App\\bin\\agent.exe',
    ],
    account: ['CORP\\d.harel', 'CORP\\svc_backup', 'NT AUTHORITY\\SYSTEM', "CORP\\m.o'neil"],
    service: ['Print Queue', 'Volume Copy', 'Contoso App Agent', 'Directory Replication', 'Time Keeper'],
    code: ['0x8{hex:7}', '0x00000000', '0x80070005', '0x800f{hex:4}'],
  },
  statements: [
    ...routine(String.raw`
      260 Info SVCPK | Work order {session} opened for {one:UpdateAgent|DeployTool|SPP}.
      ^ Info SVCPK | Fitness of {package} known from before: verdict: {int:0..112}, bits: {int:0..7}
      140 Info SVCPK | Warning: manifest has an attribute that this version does not know.
      120 Info STORE | {pad:0..99999999;8}@{int:2024..2026}/{int:1..12}/{int:1..28}:{clock}.{pad:0..999;3} ledger entry [{int:1..900}] begun on {one:offline|online} store "{file}"
      90 Info STORE | Committing ledger... object @0x{hex:6}
      50 Info SVCPK | Manifest reader wanted a name here [result = {code} - {one:S_FALSE|ERROR_NOT_FOUND|E_MALFORMED}]
      40 Info SCM | Service {service} is running now.
      36 Info SCM | Service {service} is stopped now.
      34 Info GPO | Policy "{one:Default Domain Policy|Printers 2nd floor|Error Reporting Off}" applied in {int:10..9000} ms to {account}
      30 Info SEC | Logon of {account}: type {one:2|3|5|10} process "{one:Advapi|User32|Kerberos}" from {maybe:{ip}}
      20 Info PRINT | Document {int:1..900}, "{one:invoice.pdf|Error analysis.docx|Untitled|דוח שנתי.docx}" owned by {account} went to {one:HP-2F|Canon Lobby} through {ip}. Bytes: {big:7}. Pages: {int:1..90}
      16 Info UPD | Download {int:0..100}% of {size}, {int:0..3} retries, error=0x0
      14 Info VSS | Snapshot {{{HEX:8}-{HEX:4}-{HEX:4}-{HEX:4}-{HEX:12}}} created for volume {one:C:|D:}
      10 Info TIME | Offset {float:-3..3;7}s, source {one:dc01.corp.example|time.example.org},0x{int:1..9}
      !60 Info SVCPK | Stack version {int:6..10}.{int:0..3}.{int:1000..26000}.{int:1..900} comes from C:\Windows\stack\{hex:8}\core.dll
      ~ Info SVCPK | {one:Installer|TrustedSetup} has no more work and leaves.
      ~ Info SVCPK | Nothing was left over from the last start
      ~ Error SVCPK | Failed to step on [result = {code}], the list simply ended
      ~ Info BOOT | Background sweep done, 0 failures
      ~ Info BOOT | System is up since {day}T{clock}Z.
      ~ Info BOOT | The last shutdown was clean: {bool}
      ~ Info FW | Rule added: "{one:Contoso App (TCP-In)|File Sharing}" action={one:Allow|Block} profile={one:Domain|Private|Any}
      ~ Info DISK | Optimizer finished on {one:C:|D:} ({one:retrim|defrag}), {int:0..40}% fragmented before
      ~ Info DC | Replicated {int:1..9000} object(s) from {one:dc01|dc02} partition {one:"Schema"|"CORP"}
    `),
    ...borderline(`
      40 Warning SEC | Logon of {account} refused: {one:unknown user name or bad password|account is currently disabled|time restriction}. Source {ip}
      24 Error UPD | Installation of "{one:Cumulative Update|Definition Update {int:1..400}|Printer driver}" failed with {code}, next attempt in {int:1..24} h
      16 Error APPX | Program {one:Photos.exe|Teams2.exe|EXCEL.EXE}, version {int:1..16}.0.{int:1..9}.{int:0..900}, crashed in {one:ntlib.dll|unknown}: exception {code} at 0x{hex:16}
      ~ Warning GPO | Slow link, {int:20..400} kbps: {int:1..9} policies skipped
      ~ Warning NAME | No name server knew {one:wpad|dc02.corp.example|_ldap._tcp} in time
      ~ Warning SVCPK | Package {package} not applicable, skipped
      ~ Error DCOM | {account} may not activate {{{HEX:8}-{HEX:4}-{HEX:4}-{HEX:4}-{HEX:12}}}
    `),
    ...trouble(String.raw`
      ~ Info SCM | Service {service} has ended by itself, for the {int:1..9}. time today.
      ~ Error SCM | Service {service} hangs while starting.
      ~ Critical BOOT | System came up after it went down without warning.
      ~ Error BOOT | System stopped with bugcheck 0x{HEX:8} (0x{hex:16}, 0x{hex:16}, 0x{hex:16}, 0x{hex:16}). Dump: {file}
      ~ Error DISK | Bad block on \Device\Disk{int:0..3}\P{int:0..3}.
      ~ Error NTFSX | Volume {one:C:|D:} has a corrupt file table. Run a check.
      ~ Error DISK | {one:C:|D:} is nearly full, {int:0..90} MB left
      !20 Error SEC | Account {account} was locked out after {int:5..10} bad passwords from {one:WS-117|KIOSK-3|}
      ~ Error DC | No domain controller could be contacted for domain CORP for {int:10..240} minutes; changes are not replicated
      ~ Error VSS | All snapshots of volume D: were dropped, their storage cannot grow
      ~ Error MEM | Kernel pool is exhausted, {int:1024..65536} bytes were refused
      ~ Info CLUST | Node {one:FS01|FS02} has dropped out of the cluster
      ~ Critical CLUST | Resource group '{one:File Shares|SQL (Prod)}' is offline on all nodes
      ~ Warning SEC | Audit trail wiped by {account}
    `),
  ],
};
