/**
 * journalctl as far as we speak to it, and strictly: `node journalctl-stand-in.ts JOURNAL ARGUMENTS…`. JOURNAL holds a line of JSON an entry; the
 * cursor of entry n is `s=1;i=n`. It refuses arguments that it doesn't know, follows the file, and obeys a file JOURNAL.control:
 * `refuse-cursors`, `exit`.
 */
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';

const [journal, ...args] = process.argv.slice(2) as [string, ...string[]];
appendFileSync(`${journal}.calls`, `${JSON.stringify({ args, env: Object.keys(process.env).sort() })}\n`);

const control = () => (existsSync(`${journal}.control`) ? readFileSync(`${journal}.control`, 'utf8').trim() : '');
const fail = (text: string): never => {
  process.stderr.write(`${text}\n`);
  process.exit(1);
};

const flags = new Set([
  '--output=json',
  '--follow',
  '--all',
  '--no-pager',
  '--quiet',
  '--merge',
  '--no-tail',
  '--lines=0',
]);
const units: string[] = [];
let cursor: string | undefined;
let since: number | undefined;
for (const arg of args) {
  if (arg.startsWith('--unit=')) units.push(arg.slice(7));
  else if (arg.startsWith('--after-cursor=')) cursor = arg.slice(15);
  else if (arg.startsWith('--since=@')) since = Math.round(Number(arg.slice(9)) * 1e6);
  else if (!flags.has(arg)) fail(`journalctl: unrecognized option '${arg}'`);
}
for (const flag of ['--output=json', '--follow']) if (!args.includes(flag)) fail(`the stand-in only knows ${flag}`);
if ((cursor ?? since) !== undefined && !args.includes('--no-tail'))
  fail('without --no-tail only the last 10 lines are shown');

const entries = () =>
  readFileSync(journal, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => ({ __CURSOR: `s=1;i=${index + 1}`, ...JSON.parse(line) }));

let shown = 0;
if (cursor !== undefined) {
  if (control() === 'refuse-cursors') fail('Failed to seek to cursor: Invalid argument');
  shown = Number(/^s=1;i=(\d+)$/.exec(cursor)?.[1] ?? fail('Failed to seek to cursor: Invalid argument'));
} else if (args.includes('--lines=0')) shown = entries().length;

let size = -1;
const show = () => {
  if (control() === 'exit') fail('Journal has been rotated beyond recognition');
  if (statSync(journal).size === size) return;
  size = statSync(journal).size;
  const all = entries();
  for (const entry of all.slice(shown)) {
    if (since !== undefined && Number(entry.__REALTIME_TIMESTAMP) < since) continue;
    if (units.includes(entry._SYSTEMD_UNIT)) process.stdout.write(`${JSON.stringify(entry)}\n`);
  }
  shown = all.length;
};
show();
setInterval(show, 5);
