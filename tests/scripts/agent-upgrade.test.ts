/**
 * The one-file agent upgrades itself: real bundles as real processes against a real orchestrator. Bundles differ by a line; broken ones are
 * made so on purpose.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { bundleAgent } from '../../scripts/bundle-agent.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import {
  assertEachOnceInOrder,
  freshEnvironment,
  isAlive,
  postLogs,
  RunningSystem,
  readFolderArchive,
  readRecords,
} from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Two starts of an agent and one end, beside other tests on two cores. */
const UPGRADE_MS = 60_000;

let postgres: TestPostgres;
let bundleText: string;

before(async (t) => {
  const folder = await tempDir(t as Parameters<typeof tempDir>[0]);
  const bundle = join(folder, 'nervesys-agent.cjs');
  [postgres] = await Promise.all([TestPostgres.start(), bundleAgent(bundle)]);
  bundleText = readFileSync(bundle, 'utf8');
});
after(() => postgres.close());

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** An orchestrator that hands out whatever stands in a file, and a server whose installed agent is the plain bundle. */
class Site {
  readonly orchestrator: TestOrchestrator;
  readonly #folder: string;
  readonly home: string;
  #child: ChildProcess | undefined;
  output = '';

  private constructor(orchestrator: TestOrchestrator, folder: string) {
    this.orchestrator = orchestrator;
    this.#folder = folder;
    this.home = join(folder, 'home');
  }

  static async open(t: TestContext): Promise<Site> {
    const folder = await tempDir(t, 'nervesys-upgrade-');
    const handedOut = join(folder, 'handed-out.cjs');
    const orchestrator = await TestOrchestrator.open(t, await postgres.database(), {
      agentFiles: {
        bundle: () => Promise.resolve(handedOut),
        node: process.execPath,
        unit: join(ROOT, 'deploy/systemd/nervesys-agent.service'),
        bootstrap: join(ROOT, 'scripts/agent_bootstrap.sh'),
      },
    });
    const site = new Site(orchestrator, folder);
    await mkdir(join(site.home, 'config'), { recursive: true });
    await writeFile(join(site.home, 'config/orchestrator.yaml'), 'heartbeat: { interval: 5s, late_after: 30s }\n');
    await site.install(bundleText);
    t.after(() => site.#kill());
    return site;
  }

  get installed(): string {
    return join(this.#folder, 'installed.cjs');
  }

  async install(text: string): Promise<void> {
    await writeFile(this.installed, text);
  }

  async handOut(text: string): Promise<void> {
    await writeFile(join(this.#folder, 'handed-out.cjs'), text);
  }

  async start(): Promise<number> {
    const { token } = await this.orchestrator.orchestrator.createToken();
    this.output = '';
    const child = spawn(process.execPath, [this.installed, 'agent', '--home', this.home, '--agent-port', '0'], {
      env: freshEnvironment(this.home, { NERVESYS_TOKEN: token, NERVESYS_SERVER: 'AIGARDEN01' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        this.output += data;
      });
    await until(
      'the agent is ready',
      () => this.output.includes('Ready in') || assert.equal(child.exitCode, null),
      20_000,
    );
    return child.pid!;
  }

  async stop(): Promise<number | null> {
    const child = this.#child!;
    child.kill('SIGTERM');
    await until('the agent ends', () => child.exitCode !== null || child.signalCode !== null, 20_000);
    return child.exitCode;
  }

  #kill(): void {
    const pid = this.#child?.pid;
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
  }

  /** The agent's address while it is there. */
  get url(): string | undefined {
    try {
      return JSON.parse(readFileSync(join(this.home, 'agent/address.json'), 'utf8')).url;
    } catch {
      return undefined;
    }
  }

  /** The file that process runs. */
  running(pid: number): string | undefined {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .find((argument) => argument.endsWith('.cjs'));
  }

  ask(server = 'AIGARDEN01') {
    return this.orchestrator.ask('POST', '/api/v1/upgrades', { body: { server } });
  }

  /** A record of an AI agent that nobody knew is news, which is told at once: so the test needn't wait for the next beat. */
  async nudge(): Promise<void> {
    if (this.url !== undefined)
      await postLogs(this.url, `{"agent_id":"N${performance.now()}","message":"news"}`).catch(() => undefined);
  }

  async upgrade(): Promise<{ readonly state: string; readonly reason: string | null }> {
    return until(
      'the upgrade ends',
      async () => {
        await this.nudge();
        const { upgrades } = (await this.orchestrator.ask('GET', '/api/v1/upgrades')).json;
        return ['done', 'failed', 'refused'].includes(upgrades[0]?.state) ? upgrades[0] : undefined;
      },
      UPGRADE_MS,
    );
  }

  get programs(): readonly string[] {
    const folder = join(this.home, 'program');
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.cjs')) : [];
  }
}

test('on the orchestrator’s word an agent becomes the one handed out, in the same process, and no record is lost or doubled', async (t) => {
  const site = await Site.open(t);
  const newer = `${bundleText}//newer\n`;
  await site.handOut(newer);
  const pid = await site.start();
  let sent = 0;
  let sending = true;
  const sender = (async () => {
    while (sending) {
      const body = JSON.stringify({ agent_id: 'GROK', message: 'working', context: { n: sent + 1 } });
      const answer =
        site.url === undefined
          ? undefined
          : await postLogs(site.url, body, { 'idempotency-key': `n${sent + 1}` }).catch(() => undefined);
      if (answer?.status === 200) sent++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();

  const asked = await site.ask();
  const { state, reason } = await site.upgrade();
  sending = false;
  await sender;

  assert.deepEqual([asked.status, asked.json], [202, { asked: ['AIGARDEN01'] }]);
  assert.deepEqual([state, reason], ['done', null]);
  const program = join(site.home, 'program', `nervesys-agent-${sha256(newer).slice(0, 12)}.cjs`);
  assert.equal(site.running(pid), program, 'the same process runs another program');
  assert.deepEqual(site.programs, [program.split('/').at(-1)]);
  assert.equal(await site.stop(), 0);
  const again = await site.start(); // the installed program, as a service manager does after a reboot
  assert.equal(site.running(again), program);
  assert.equal((await fetch(`${site.url}/flush`, { method: 'POST' })).status, 200);
  const records = readRecords(await readFolderArchive(join(site.orchestrator.home, 'archive')));
  assert.ok(sent > 10, `only ${sent} records`);
  assertEachOnceInOrder(records, 'GROK', sent);
  assert.equal(await site.stop(), 0);
});

test('an agent goes back to what it was when the new one ends before it beats, says why, and people are told', async (t) => {
  const site = await Site.open(t);
  const broken = `throw new Error('broken');\n${bundleText}`.replace(/^(throw .*)\n(#!.*)\n/, '$2\n$1\n');
  await site.handOut(broken);
  const pid = await site.start();

  await site.ask();
  const { state, reason } = await site.upgrade();

  assert.equal(state, 'failed');
  assert.match(reason ?? '', /ended with exit code 1 before its first heartbeat/);
  assert.equal(site.running(pid), site.installed);
  assert.deepEqual(site.programs, []);
  const { alerts } = (await site.orchestrator.ask('GET', '/api/v1/alerts')).json;
  const told = alerts.find((alert: { kind: string }) => alert.kind === 'agent.upgrade');
  assert.match(told.title, /did not work on AIGARDEN01/);
  assert.equal((await postLogs(site.url!, '{"agent_id":"GROK","message":"still here"}')).status, 200);
  const { entries } = (await site.orchestrator.ask('GET', '/api/v1/audit')).json;
  const actions = entries.map((entry: { action: string }) => entry.action);
  assert.ok(actions.includes('agent.upgrade_asked') && actions.includes('agent.upgraded'), String(actions));
  await site.stop();
});

test('a program that hangs is given up after its time, and one that would change the buffer’s form is not tried', async (t) => {
  const site = await Site.open(t);
  const trial = join(import.meta.dirname, 'try-program.ts');
  const folder = await tempDir(t);
  const [hangs, beats] = [join(folder, 'hangs.cjs'), join(folder, 'beats.cjs')];
  await writeFile(hangs, 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000);console.log("hanging", process.pid)');
  await writeFile(beats, 'if(process.send)process.send({type:"beats"});else console.log("in its place");');
  const run = async (path: string) => {
    const child = spawn(process.execPath, [trial, site.home, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    await until('it ends', () => child.exitCode !== null, 40_000);
    return output;
  };

  const hung = await run(hangs);
  const good = await run(beats);

  assert.match(hung, /went back: no heartbeat of it arrived within 1s/);
  assert.equal(isAlive(Number(/hanging (\d+)/.exec(hung)![1])), false, 'it was left running');
  assert.match(good, /in its place/);
  const older = bundleText.replace(/(\w+)>0&&\1<\d+/, '$1>0');
  assert.ok(older !== bundleText);
  await site.handOut(older);
  const pid = await site.start();
  await site.ask();
  const { state, reason } = await site.upgrade();
  assert.equal(state, 'refused');
  assert.match(reason ?? '', /keeps its buffer in another form/);
  assert.equal(site.running(pid), site.installed);
  await site.stop();
});

test('an agent that is too old for its orchestrator in everything else still gets the cure', async (t) => {
  const site = await Site.open(t);
  await site.handOut(bundleText);
  await site.start();
  await until('it has joined', () => existsSync(join(site.home, 'agent/agent.key')));
  await site.stop();
  const old = bundleText.replace('CONTRACT_HEADER]:String(1)', 'CONTRACT_HEADER]:String(0)');
  assert.ok(old !== bundleText);
  await site.install(old);

  await site.ask();
  const pid = await site.start();
  const { state } = await site.upgrade();

  assert.equal(state, 'done');
  assert.match(site.running(pid) ?? '', /program\/nervesys-agent-/);
  await site.stop();
});

test('what is asked of an agent that runs from a package is refused with what to do instead', async (t) => {
  const site = await Site.open(t);
  await site.handOut(bundleText);
  const { token } = await site.orchestrator.orchestrator.createToken();
  const home = await tempDir(t);
  await RunningSystem.start(t, home, ['agent', '--agent-port', '0'], {
    NERVESYS_TOKEN: token,
    NERVESYS_SERVER: 'AIGARDEN01',
  });
  await until('it is known', async () => (await site.ask()).status === 202);

  const url = JSON.parse(readFileSync(join(home, 'agent/address.json'), 'utf8')).url;
  await postLogs(url, '{"agent_id":"NEWS","message":"news"}');
  const { state, reason } = await site.upgrade();

  assert.equal(state, 'refused');
  assert.match(reason ?? '', /upgrade it where it was installed/);
});
