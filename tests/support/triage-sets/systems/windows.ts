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
      260 Info SVCPK | Session: {session} initialized by client {one:UpdateAgent|DeployTool|SPP}.
      ^ Info SVCPK | Reading cached package applicability for package: {package}, state: {int:0..112}, flags: {int:0..7}
      140 Info SVCPK | Warning: unrecognized packageExtended attribute.
      120 Info STORE | {pad:0..99999999;8}@{int:2024..2026}/{int:1..12}/{int:1..28}:{clock}.{pad:0..999;3} Transaction [{int:1..900}] created for {one:offline|online} store "{file}"
      90 Info STORE | Beginning NT transaction commit... handle @0x{hex:6}
      50 Info SVCPK | Expecting attribute name [HRESULT = {code} - {one:S_FALSE|ERROR_NOT_FOUND|E_MALFORMED}]
      40 Info SCM | The {service} service entered the running state.
      36 Info SCM | The {service} service entered the stopped state.
      34 Info GPO | Policy "{one:Default Domain Policy|Printers 2nd floor|Error Reporting Off}" applied in {int:10..9000} ms to {account}
      30 Info SEC | Logon of {account}: type {one:2|3|5|10} process "{one:Advapi|User32|Kerberos}" from {maybe:{ip}}
      20 Info PRINT | Document {int:1..900}, "{one:invoice.pdf|Error analysis.docx|Untitled|דוח שנתי.docx}" owned by {account} was printed on {one:HP-2F|Canon Lobby} via port {ip}. Size in bytes: {big:7}. Pages printed: {int:1..90}
      16 Info UPD | Download {int:0..100}% of {size}, {int:0..3} retries, error=0x0
      14 Info VSS | Snapshot {{{HEX:8}-{HEX:4}-{HEX:4}-{HEX:4}-{HEX:12}}} created for volume {one:C:|D:}
      10 Info TIME | Offset {float:-3..3;7}s, source {one:dc01.corp.example|time.example.org},0x{int:1..9}
      !60 Info SVCPK | Loaded stack v{int:6..10}.{int:0..3}.{int:1000..26000}.{int:1..900} at: C:\Windows\stack\{hex:8}\core.dll
      ~ Info SVCPK | Ending the {one:Installer|TrustedSetup} main loop.
      ~ Info SVCPK | No startup processing required, registry state key does not exist
      ~ Info SVCPK | Failed to get next element [HRESULT = {code}], end of list reached normally
      ~ Info BOOT | Idle processing thread exit, 0 failures
      ~ Info BOOT | Operating system started at system time {day}T{clock}Z.
      ~ Info BOOT | The last shutdown was clean: {bool}
      ~ Info FW | Rule added: "{one:Contoso App (TCP-In)|File Sharing}" action={one:Allow|Block} profile={one:Domain|Private|Any}
      ~ Info DISK | Optimizer finished on {one:C:|D:} ({one:retrim|defrag}), {int:0..40}% fragmented before
      ~ Info DC | Replicated {int:1..9000} object(s) from {one:dc01|dc02} partition {one:"Schema"|"CORP"}
    `),
    ...borderline(`
      40 Warning SEC | Logon of {account} refused: {one:unknown user name or bad password|account is currently disabled|time restriction}. Source {ip}
      24 Error UPD | Installation of "{one:Cumulative Update|Definition Update {int:1..400}|Printer driver}" failed with {code}, next attempt in {int:1..24} h
      16 Error APPX | Faulting application name: {one:Photos.exe|Teams2.exe|EXCEL.EXE}, version: {int:1..16}.0.{int:1..9}.{int:0..900}, faulting module: {one:ntlib.dll|unknown}, exception code: {code}, offset 0x{hex:16}
      ~ Warning GPO | Slow link, {int:20..400} kbps: {int:1..9} policies skipped
      ~ Warning NAME | Name resolution for {one:wpad|dc02.corp.example|_ldap._tcp} timed out after none of the configured servers responded
      ~ Warning SVCPK | Package {package} not applicable, skipped
      ~ Error DCOM | The application-specific settings do not grant Local Activation to {account} for {{{HEX:8}-{HEX:4}-{HEX:4}-{HEX:4}-{HEX:12}}}
    `),
    ...trouble(String.raw`
      ~ Error SCM | The {service} service terminated unexpectedly. It has done this {int:1..9} time(s).
      ~ Error SCM | The {service} service hung on starting.
      ~ Critical BOOT | The system rebooted without cleanly shutting down first.
      ~ Error BOOT | The computer restarted from a bugcheck: 0x{HEX:8} (0x{hex:16}, 0x{hex:16}, 0x{hex:16}, 0x{hex:16}). Dump: {file}
      ~ Error DISK | The device \Device\Harddisk{int:0..3}\DR{int:0..3} has a bad block.
      ~ Error NTFSX | The file system structure on volume {one:C:|D:} is corrupt and unusable. Run a check on it.
      ~ Error DISK | {one:C:|D:} is at or near capacity, {int:0..90} MB left
      !20 Error SEC | Account {account} was locked out after {int:5..10} bad passwords from {one:WS-117|KIOSK-3|}
      ~ Error DC | No domain controller could be contacted for domain CORP for {int:10..240} minutes; changes are not replicated
      ~ Error VSS | The shadow copies of volume D: were deleted because the storage could not grow
      ~ Error MEM | Nonpaged pool is empty, server was unable to allocate {int:1024..65536} bytes
      ~ Error CLUST | Cluster node {one:FS01|FS02} was removed from the active membership
      ~ Critical CLUST | Resource group '{one:File Shares|SQL (Prod)}' is offline on all nodes
      ~ Warning SEC | The audit log was cleared by {account}
    `),
  ],
};
