import { Command, CommanderError, Option } from 'commander';
import { UNKNOWN_AGENT_ID } from '../contract/ids.ts';
import { NERVESYS_VERSION } from '../contract/version.ts';
import { EXIT } from './exit-codes.ts';
import { printFailure } from './failure.ts';
import { countOption, dayOption, durationOption, instantOption, portOption } from './options.ts';
import { addAlerts } from './program-alerts.ts';
import { addModel } from './program-model.ts';
import { addPeople } from './program-people.ts';
import { addReports, LANGUAGES } from './program-report.ts';
import { addTriage } from './program-triage.ts';
import { addTriageEval } from './program-triage-eval.ts';
import { IS_WHOLE_PACKAGE, SHIPPED_COMMANDS } from './shipped.ts';

/** Every command resolves with its exit code; a module is loaded only when its command is called. */
type Run = (...parameters: never[]) => Promise<number>;

/** Reads the command line, runs one command, prints its failure if it has one, and resolves with the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own complaint or answer (help, version) already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return printFailure(error);
  }
}

function buildProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('nervesys')
    .description('The nervous system of a fleet of AI agents: every log line kept, every agent’s state known.')
    .version(NERVESYS_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help, or that of a command')
    .helpCommand('help [command]', 'show the help of a command')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
    .configureHelp({ showGlobalOptions: false })
    .exitOverride();
  if (IS_WHOLE_PACKAGE) {
    program.addHelpText(
      'after',
      examples(
        'nervesys up --demo                                everything on this machine, with five pretend AI agents',
        'nervesys exec --agent-id GROK -- python agent.py  run an AI agent; its output becomes records',
        'nervesys fleet                                    who is up',
        'nervesys logs --since 1h --level ERROR            what went wrong in the last hour',
      ),
    );
  }

  /** Calls `run` of a module that `load` imports, with the options (and arguments) that commander read. */
  const runs =
    (load: () => Promise<{ readonly run: Run }>) =>
    async (...parameters: unknown[]): Promise<void> => {
      const { run } = await load();
      // Commander hands arguments, then options, then the command itself; run(options, ...arguments).
      const [options, ...rest] = [parameters.at(-2), ...parameters.slice(0, -2)];
      finish(await (run as (...parameters: unknown[]) => Promise<number>)(options, ...rest));
    };

  addParts(program, runs);
  addReaders(program, runs);
  addAlerts(program, { runs, reader, examples });
  addReports(program, { runs, reader, examples });
  const triage = addTriage(program, { runs, reader, home, agentPort, examples });
  addTriageEval(triage, { runs, reader, examples });
  addAdministration(program, runs);
  addModel(program, { runs, home, examples });
  addPeople(program, { runs, reader, examples });
  takeCommonOptions(program);
  if (SHIPPED_COMMANDS !== undefined) leaveOut(program, SHIPPED_COMMANDS);
  return program;
}

/** They start something, and take no option that would not be heeded. */
const STARTERS: readonly string[] = ['up', 'agent', 'orchestrator'];

/**
 * Every command about a running system takes `--port` and `--lang`, so that a script can set them once for all; where there is nothing that
 * they could say, help doesn't offer them (docs/decisions/0020).
 */
function takeCommonOptions(command: Command): void {
  for (const one of command.commands) takeCommonOptions(one);
  const takes = (name: string) => command.options.some(({ long }) => long === name);
  if (!takes('--home') || STARTERS.includes(command.name())) return;
  if (!takes('--port')) command.addOption(port('of the orchestrator').hideHelp());
  if (!takes('--lang')) command.addOption(new Option('--lang <lang>').choices(LANGUAGES).hideHelp());
}

/** Takes the commands away that a smaller program doesn't carry, so that it doesn't offer them either. */
function leaveOut(program: Command, shipped: readonly string[]): void {
  const kept = program.commands.filter((command) => shipped.includes(command.name()));
  (program.commands as Command[]).splice(0, Number.POSITIVE_INFINITY, ...kept);
}

type Runs = (load: () => Promise<{ readonly run: Run }>) => (...parameters: unknown[]) => Promise<void>;

/** The commands that start something. */
function addParts(program: Command, runs: Runs): void {
  program
    .command('up')
    .summary('start everything on this machine')
    .description(
      'Start everything on this machine: Postgres, the archive, the orchestrator and one agent. Ctrl-C stops it.',
    )
    .addOption(home())
    .addOption(port('of the dashboard and API (default: 7700)'))
    .addOption(agentPort())
    .option('--demo', 'run five pretend AI agents beside it')
    .addHelpText(
      'after',
      examples('nervesys up', 'nervesys up --demo --home /tmp/nervesys --port 8800 --agent-port 8801'),
    )
    .action(runs(() => import('./up.ts')));
  program
    .command('agent')
    .summary('start the lean agent of this server')
    .description('Start the lean agent of this server. The first time it needs NERVESYS_TOKEN to enrol.')
    .addOption(home())
    .addOption(agentPort())
    .addOption(new Option('--trial').hideHelp()) // what a running agent starts its successor with
    .addHelpText('after', examples('NERVESYS_TOKEN=nsv1.… NERVESYS_SERVER=AIGARDEN02 nervesys agent'))
    .action(runs(() => import('./agent.ts')));
  program
    .command('orchestrator')
    .summary('start the central service')
    .description('Start the central service: API, dashboard, alerts. DATABASE_URL names its Postgres.')
    .addOption(home())
    .addOption(port('to listen on (default: 7700)'))
    .addHelpText('after', examples('DATABASE_URL=postgres://… nervesys orchestrator'))
    .action(runs(() => import('./orchestrator.ts')));
  program
    .command('report-render', { hidden: true }) // what an orchestrator starts beside itself
    .addOption(new Option('--parent <pid>', 'ends with this process').argParser(countOption))
    .action(runs(() => import('./report-render.ts')));
  program
    .command('exec')
    .summary('run an AI agent; its output becomes records')
    .description(
      'Run an AI agent. Its output passes through unchanged; each line becomes a record (standard output INFO, standard ' +
        'error WARN, unless the line is JSON with a level of its own), and its exit becomes its status. ' +
        'The exit code is the command’s own.',
    )
    .argument('<command...>', 'the program and its arguments, after --')
    .requiredOption('--agent-id <name>', 'the AI agent that is run, as GROK')
    .addOption(
      new Option('--restart <policy>', 'run it again after it ended; waits 1 s, doubling to 60 s while runs are short')
        .choices(['never', 'on-failure', 'always'])
        .default('never'),
    )
    .addOption(
      new Option(
        '--on-full <policy>',
        'when the agent’s buffer is full: evict, the least valuable lines are given up, each told; hold, output waits',
      )
        .choices(['hold', 'evict'])
        .default('evict'),
    )
    .addOption(home())
    .addOption(agentPort())
    .passThroughOptions()
    .addHelpText(
      'after',
      examples(
        'nervesys exec --agent-id GROK -- python agent.py --task review',
        'nervesys exec --agent-id GROK --restart on-failure -- python agent.py',
        "nervesys exec --agent-id GIMAI -- sh -c 'while true; do date; sleep 1; done'",
      ),
    )
    .action(runs(() => import('./exec.ts')));
}

/** The commands that show something. */
function addReaders(program: Command, runs: Runs): void {
  const fleet = program.command('fleet');
  reader(fleet)
    .summary('who is up')
    .description('List all AI agents with their state, vitals and last sign of life.')
    .option('--server <name>', 'of this server only')
    .option('--retired', 'those out of service too')
    .addHelpText('after', examples('nervesys fleet', 'nervesys fleet --json | jq ".agents[].state"'))
    .action(runs(() => import('./fleet.ts')));
  reader(fleet.command('upgrade'))
    .summary('let servers run the agent that the orchestrator hands out')
    .description(
      'Ask servers to run the one-file agent that their orchestrator hands out. Each fetches it, checks its SHA-256, tries it, and goes back ' +
        'to what it ran before if the new one does not beat. Ten do so at a time; after three that went back no other is told. Without a ' +
        'name: how far each is.',
    )
    .argument('[server]', "a server, or those of a pattern: 'AIGARDEN*', '*'")
    .option('--cancel', 'take back what was asked of servers whose turn has not come')
    .addHelpText(
      'after',
      examples('nervesys fleet upgrade AIGARDEN02', "nervesys fleet upgrade '*'", 'nervesys fleet upgrade'),
    )
    .action(runs(() => import('./fleet-upgrade.ts')));
  for (const [step, summary, text] of [
    [
      'retire',
      'take a server or an AI agent out of service',
      'Take a server with its AI agents, or one AI agent on it, out of service: its silence alarms nobody, its history stays. It comes back by ' +
        'itself with its next sign of life, or by `nervesys fleet reinstate`.',
    ],
    [
      'reinstate',
      'put it back into service',
      'Put a server with the AI agents that were retired with it, or one AI agent on it, back into service. It is expected from now on: late until it ' +
        'is heard, down when that takes too long.',
    ],
  ] as const)
    reader(fleet.command(step))
      .summary(summary)
      .description(text)
      .argument('<server>', 'a server, as `nervesys fleet` shows it')
      .argument('[agent-id]', 'one AI agent on it only')
      .addHelpText('after', examples(`nervesys fleet ${step} AIGARDEN02`, `nervesys fleet ${step} AIGARDEN02 GROK`))
      .action(runs(async () => ({ run: (await import('./fleet-service.ts'))[step] })));
  reader(program.command('logs'))
    .summary('read the archive')
    .description('Print archived records, oldest first. What is not archived yet is shown by `nervesys buffer`.')
    .addOption(
      new Option('--since <when>', 'from then on').argParser(instantOption).default({ agoMs: 3_600_000 }, '1h'),
    )
    .addOption(new Option('--until <when>', 'up to then').argParser(instantOption))
    .option('--server <name>', 'of this server')
    .option('--agent <agent-id>', 'of this AI agent')
    .option('--level <level>', 'this level and above: DEBUG, INFO, WARN, ERROR, CRITICAL')
    .option('--grep <regexp>', 'whose action, message or context matches')
    .option('--limit <n>', 'at most so many records, the oldest', countOption)
    .addHelpText(
      'after',
      examples(
        'nervesys logs --since 1h --level ERROR',
        'nervesys logs --agent GROK --since 2026-11-22 --until 2026-11-23 --json > grok.ndjson',
        "nervesys logs --grep 'rate.?limit' --limit 20",
      ),
    )
    .action(runs(() => import('./logs.ts')));
  const buffer = program
    .command('buffer')
    .summary('what this server still keeps')
    .description('Show what the lean agent of this server keeps until the archive has it.')
    .addOption(home())
    .addOption(agentPort())
    .option('--json', 'as JSON')
    .addHelpText('after', examples('nervesys buffer', 'nervesys buffer --json | jq .records'))
    .action(runs(() => import('./buffer.ts')));
  buffer
    .command('dump')
    .summary('write what waits into an SQLite file of its own')
    .description(
      'Write every record that waits for the archive into a new SQLite file with one table, `logs`. The agent may be at ' +
        'work meanwhile. An existing file is never overwritten.',
    )
    .argument('<file>', 'the SQLite file to make')
    .addOption(home())
    .option('--json', 'as JSON')
    .addHelpText('after', examples('nervesys buffer dump waiting.db', 'sqlite3 waiting.db "SELECT count(*) FROM logs"'))
    .action(runs(() => import('./buffer-dump.ts')));
  const archive = program.command('archive').summary('what the archive holds').description('Look into the archive.');
  reader(archive.command('ls'))
    .summary('list archive objects')
    .description('List archive objects, newest first.')
    .option('--server <name>', 'of this server')
    .option('--limit <n>', 'at most so many', countOption, 50)
    .addHelpText('after', examples('nervesys archive ls --server AIGARDEN01', 'nervesys archive ls --json'))
    .action(runs(() => import('./archive-ls.ts')));
  archive
    .command('verify')
    .summary('prove that nothing is missing, doubled or damaged')
    .description(
      'Read the archive and prove that every record is there once and every object is what it says. Needs the archive ' +
        'alone: the folder below the home, or STORJ_*. Exit code 3: something is missing, doubled, damaged or foreign.',
    )
    .addOption(home())
    .option('--server <name>', 'of this server (default: all, one after the other)')
    .addOption(new Option('--since <when>', 'only windows from then on').argParser(instantOption))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples('nervesys archive verify', 'nervesys archive verify --server AIGARDEN01 --since 30d --json'),
    )
    .action(runs(() => import('./archive-verify.ts')));
  reader(archive.command('reindex'))
    .summary('rebuild the catalog from the archive')
    .description(
      'Rebuild the catalog of a running orchestrator from what stands in its archive. Nothing is deleted; what the catalog has and the ' +
        'archive lacks is marked. Broken off, it is simply begun again. Exit code 3: something is missing, foreign or contradictory.',
    )
    .option('--server <name>', 'of this server (default: all)')
    .addOption(new Option('--since <when>', 'only windows from then on').argParser(instantOption))
    .addHelpText(
      'after',
      examples('nervesys archive reindex', 'nervesys archive reindex --server AIGARDEN01 --since 7d --json'),
    )
    .action(runs(() => import('./archive-reindex.ts')));
  reader(archive.command('expire'))
    .summary('remove logs past their retention now')
    .description(
      'Remove logs that are older than retention.logs of storage.yaml says, as the orchestrator does by itself every ten minutes. For good.',
    )
    .option('--dry-run', 'only say what would be removed')
    .addHelpText('after', examples('nervesys archive expire --dry-run', 'nervesys archive expire --dry-run --json'))
    .action(runs(() => import('./archive-expire.ts')));
  addBackups(archive, runs);
}

/** The database's backups, which stand in the archive. */
function addBackups(archive: Command, runs: Runs): void {
  reader(archive.command('backups'))
    .summary('list backups of the database')
    .description('List the backups of the orchestrator’s database that stand in the archive, newest first.')
    .addHelpText('after', examples('nervesys archive backups', 'nervesys archive backups --json | jq .last_good_at'))
    .action(runs(async () => ({ run: (await import('./archive-backups.ts')).list })));
  reader(archive.command('backup'))
    .summary('back the database up now')
    .description('Back the orchestrator’s database up to the archive now, and wait until that is done and proven.')
    .addHelpText('after', examples('nervesys archive backup'))
    .action(runs(async () => ({ run: (await import('./archive-backups.ts')).make })));
  archive
    .command('restore-db')
    .summary('restore the database from a backup')
    .description(
      'Fill an empty database from a backup in the archive: that of DATABASE_URL, or the one below the home, where no orchestrator may run. ' +
        'Every row is compared; if anything is wrong the database stays empty. Then the catalog takes in what was archived since.',
    )
    .addOption(home())
    .option('--date <day>', 'the newest of this day, YYYY-MM-DD (default: the newest of all)', dayOption)
    .option('--key <key>', 'the one of this name: backups/daily/….json')
    .option('--no-reindex', 'leave the catalog as the backup has it')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'nervesys archive restore-db --home /var/lib/nervesys',
        'DATABASE_URL=postgres://… nervesys archive restore-db --date 2026-11-26',
      ),
    )
    .action(runs(() => import('./archive-restore-db.ts')));
}

/** The commands that let in, check and mend. */
function addAdministration(program: Command, runs: Runs): void {
  reader(program.command('sign-in'))
    .summary('print a fresh sign-in link for the dashboard')
    .description('Print a fresh link to the dashboard. It works once, and for a short time.')
    .addHelpText('after', examples('nervesys sign-in', 'xdg-open "$(nervesys sign-in)"'))
    .action(runs(() => import('./sign-in.ts')));
  const token = program
    .command('token')
    .summary('let servers in')
    .description('Enrolment tokens: one string that a new server needs, once, to join.');
  reader(token.command('create'))
    .summary('create a token, and print the command for the new server')
    .description(
      'Create an enrolment token and print the one command to run on the new server. The token is shown once.',
    )
    .option(
      '--server <name>',
      "only a server of this name may use it, or those of a pattern: 'AIGARDEN*', 'AIGARDEN0?'",
    )
    .option('--uses <n>', 'how many servers may use it (default: 1)', countOption)
    .option('--reusable', 'any number of servers may use it, until it expires or is revoked')
    .addOption(new Option('--expires <duration>', 'valid for').argParser(durationOption).default(86_400_000, '24h'))
    .addHelpText(
      'after',
      examples(
        'nervesys token create --server AIGARDEN02',
        'nervesys token create --uses 20 --expires 7d --json',
        "nervesys token create --server 'AIGARDEN*' --reusable --expires 1h",
      ),
    )
    .action(runs(async () => ({ run: (await import('./token.ts')).create })));
  reader(token.command('list'))
    .summary('list tokens')
    .description('List tokens, with how often each was used. Their secrets are not kept, so they cannot be shown.')
    .action(runs(async () => ({ run: (await import('./token.ts')).list })));
  reader(token.command('revoke'))
    .summary('revoke a token, or the key of a server')
    .description(
      'Revoke a token: no server can join with it any more. Servers that have joined stay. With --server: revoke the key of ' +
        'that server instead; its agent keeps its records and says that it is revoked, until it gets a new token.',
    )
    .argument('[id]', 'the id that `nervesys token list` shows')
    .option('--server <name>', 'revoke the key of this server')
    .addHelpText('after', examples('nervesys token revoke 1f0c9a2b3c4d', 'nervesys token revoke --server AIGARDEN02'))
    .action(runs(async () => ({ run: (await import('./token.ts')).revoke })));
  reader(token.command('rotate'))
    .summary('exchange the key of a server')
    .description(
      'Ask a server to exchange its key for a new one. It does so with its next heartbeat; the old key opens until the new ' +
        'one is used. Keys are exchanged by age too (orchestrator.yaml: keys.rotate_after).',
    )
    .requiredOption('--server <name>', 'the server')
    .addHelpText('after', examples('nervesys token rotate --server AIGARDEN02'))
    .action(runs(async () => ({ run: (await import('./token.ts')).rotate })));
  const config = program
    .command('config')
    .summary('check and show the configuration')
    .description('The configuration: YAML files, below the home or in a folder of your own.');
  config
    .command('init')
    .summary('write a commented start')
    .description(
      'Write the example configuration, each line explained, to a folder that holds no settings yet; it is made where it is not there.',
    )
    .argument('[folder]', 'to write (default: <home>/config)')
    .addOption(home())
    .option('--json', 'as JSON')
    .addHelpText('after', examples('nervesys config init ./config'))
    .action(runs(async () => ({ run: (await import('./config.ts')).init })));
  config
    .command('check')
    .summary('check the configuration, all mistakes at once')
    .description(
      'Check a configuration folder and name every mistake with file, path, value and remedy. Exit code 3: there are some.',
    )
    .argument('[folder]', 'to check (default: <home>/config)')
    .addOption(home())
    .option('--json', 'as JSON')
    .addOption(
      new Option('--format <format>', 'github: as annotations of a workflow')
        .choices(['text', 'github'])
        .default('text'),
    )
    .addHelpText(
      'after',
      examples(
        'nervesys config check',
        'nervesys config check ./config --json',
        'nervesys config check config --format github',
      ),
    )
    .action(runs(async () => ({ run: (await import('./config.ts')).check })));
  config
    .command('show')
    .summary('show what holds, defaults included')
    .description(
      'Print the configuration as it takes effect, defaults included. With --agent: what one AI agent gets, each setting with the file and line ' +
        'that it comes from.',
    )
    .argument('[folder]', 'to show (default: <home>/config)')
    .option('--agent <agent-id>', 'of this AI agent')
    .option('--server <name>', 'on this server')
    .addOption(home())
    .option('--json', 'as JSON')
    .addHelpText('after', examples('nervesys config show', 'nervesys config show --agent GROK --server AIGARDEN01'))
    .action(runs(async () => ({ run: (await import('./config.ts')).show })));
  reader(config.command('diff'))
    .summary('what one revision does differently from another')
    .description(
      'Compare two configurations by their effect, not by their text. Each is a folder, or a revision that the orchestrator knows.',
    )
    .argument('<before>', 'folder or revision')
    .argument('<after>', 'folder or revision')
    .addHelpText(
      'after',
      examples('nervesys config diff ./config ../other/config', 'nervesys config diff abc123def456 def456abc123'),
    )
    .action(runs(() => import('./config-diff.ts')));
  config
    .command('apply')
    .summary('put a folder of settings files into effect')
    .description(
      'Put a folder of settings files in the place of those below the home. It is checked as a whole first; with a mistake nothing is changed (exit ' +
        'code 3). A running orchestrator rolls it out by its stages. Where a repository is followed, push there instead.',
    )
    .argument('<folder>', 'of settings files, as `nervesys config init` writes it')
    .option('--dry-run', 'only show what would change')
    .addOption(home())
    .option('--json', 'as JSON')
    .addHelpText('after', examples('nervesys config apply ./config --dry-run', 'nervesys config apply ./config'))
    .action(runs(() => import('./config-apply.ts')));
  const rollout = config
    .command('rollout')
    .summary('how far a revision has got, and how to hold or undo it')
    .description(
      'How a new revision of the configuration reaches the fleet: by stages, and back by itself when it does harm.',
    );
  reader(rollout.command('status', { isDefault: true }))
    .summary('what runs where, and the rollout under way')
    .description(
      'Show what everybody is to run, how many do, who refuses it and why, the rollout under way or the last one, and what can be done about it. ' +
        'Of a large fleet it shows the servers that do not run what they are to run.',
    )
    .option('--all', 'show the other servers too, however many they are')
    .addHelpText('after', examples('nervesys config rollout status', 'nervesys config rollout status --json'))
    .action(runs(async () => ({ run: (await import('./config-rollout.ts')).status })));
  reader(rollout.command('pause'))
    .summary('begin no next stage')
    .description('Begin no next stage until it is resumed. It is still taken back by itself when it does harm.')
    .option('--reason <text>', 'why, for others to read')
    .addHelpText('after', examples("nervesys config rollout pause --reason 'it is Friday'"))
    .action(runs(async () => ({ run: (await import('./config-rollout.ts')).pause })));
  reader(rollout.command('resume'))
    .summary('go on, or begin again with a revision that was rolled back')
    .description('Go on with the paused rollout; or, with a revision, roll out again what was rolled back.')
    .argument('[revision]', 'one that was rolled back')
    .option('--reason <text>', 'why, for others to read')
    .addHelpText('after', examples('nervesys config rollout resume', 'nervesys config rollout resume abc123def456'))
    .action(runs(async () => ({ run: (await import('./config-rollout.ts')).resume })));
  reader(rollout.command('rollback'))
    .summary('desire the revision before again')
    .description(
      'The revision before, or the one that is named, is desired again by everybody at once; what is left is remembered as bad.',
    )
    .argument('[revision]', 'to go back to (default: the one before)')
    .option('--reason <text>', 'why, for others to read')
    .addHelpText('after', examples("nervesys config rollout rollback --reason 'too many alerts'"))
    .action(runs(async () => ({ run: (await import('./config-rollout.ts')).rollback })));
  program
    .command('rules')
    .summary('try the rules of the configuration')
    .description('The rules of the configuration: what is done with records before they are stored.')
    .command('test')
    .summary('show which rule hits which line of a file, and why')
    .description(
      'Hold the rules of a configuration folder against the lines of a file, as the lean agent would, with the time that each line names. ' +
        'Shows which rule hit which line, why, and what became of it. Nothing is stored or told.',
    )
    .argument('<file>', 'lines of JSON or plain text; - is standard input')
    .option('--config <folder>', 'the configuration (default: <home>/config)')
    .option('--agent <agent-id>', 'whose the lines are that don’t say it', UNKNOWN_AGENT_ID)
    .option('--server <name>', 'as on this server', 'AIGARDEN01')
    .option('--limit <n>', 'show at most so many lines that were hit; all are counted', countOption, 100)
    .addOption(home())
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'nervesys rules test /var/log/grok/today.log --agent GROK',
        'nervesys logs --since 1d --json | nervesys rules test - --config ./config',
      ),
    )
    .action(runs(() => import('./rules-test.ts')));
  program
    .command('doctor')
    .summary('what is wrong here, and what to do about it')
    .description('Look for what is wrong on this machine and say what to do about it. Exit code 3: something is.')
    .addOption(home())
    .addOption(port('of the orchestrator'))
    .addOption(agentPort())
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples('nervesys doctor', 'nervesys doctor --json | jq ".checks[] | select(.state != \\"ok\\")"'),
    )
    .action(runs(() => import('./doctor.ts')));
}

/** The options of a command that asks a running orchestrator. */
function reader(command: Command): Command {
  return command
    .addOption(home())
    .addOption(port('of the orchestrator on this machine'))
    .option('--url <url>', 'address of the orchestrator, where it runs elsewhere')
    .option('--json', 'as JSON');
}

/** Commander's complaint in the shape of all our errors. */
function usageError(text: string): string {
  const suggestion = /^\(Did you mean (.*)\?\)$/m.exec(text);
  const message = text.replace(/^\(Did you mean .*\)$/m, '').trimEnd();
  return `${message}\nhint: ${suggestion === null ? 'see `nervesys --help`' : `did you mean ${suggestion[1]}?`}\n`;
}

function home(): Option {
  return new Option('--home <dir>', 'folder of this Nervesys (default: NERVESYS_HOME)');
}

function port(what: string): Option {
  return new Option('--port <n>', `port ${what}`).argParser(portOption);
}

function agentPort(): Option {
  return new Option('--agent-port <n>', 'port of the lean agent (default: 4318)').argParser(portOption);
}

function examples(...lines: string[]): string {
  return `\n${lines.length === 1 ? 'Example:' : 'Examples:'}\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}
