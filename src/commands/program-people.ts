import { type Command, Option } from 'commander';
import { countOption, durationOption } from './options.ts';

/** What program.ts lends: how a command is run, the options of one that asks an orchestrator, and how examples are written. */
export interface ProgramParts {
  readonly runs: (
    load: () => Promise<{ readonly run: (...parameters: never[]) => Promise<number> }>,
  ) => (...parameters: unknown[]) => Promise<void>;
  readonly reader: (command: Command) => Command;
  readonly examples: (...lines: string[]) => string;
}

/** `nervesys people …` and `nervesys audit …`: who may do what, and who did. */
export function addPeople(program: Command, parts: ProgramParts): void {
  const { runs, reader, examples } = parts;
  const people = program
    .command('people')
    .summary('who may sign in, and keys for scripts')
    .description('People who sign in with a password, and keys for scripts. The roles are viewer, operator and admin.');
  reader(people.command('list'))
    .summary('list people')
    .description('List everybody who may sign in.')
    .action(runs(async () => ({ run: (await import('./people.ts')).list })));
  reader(people.command('add'))
    .summary('let somebody sign in')
    .description('Let somebody sign in with a password, which is typed unseen or read from a file.')
    .argument('<name>', 'as they will type it')
    .addOption(role())
    .addOption(passwordFile())
    .addHelpText(
      'after',
      examples('nervesys people add dana --role operator', 'pass dana | nervesys people add dana --password-file -'),
    )
    .action(runs(async () => ({ run: (await import('./people.ts')).add })));
  reader(people.command('password'))
    .summary('set a new password')
    .description('Set a new password for somebody, and sign them out everywhere.')
    .argument('<name>', 'a person that `nervesys people list` shows')
    .addOption(passwordFile())
    .action(runs(async () => ({ run: (await import('./people.ts')).password })));
  reader(people.command('role'))
    .summary('change what somebody may do')
    .description('Change the role of somebody. It holds at once, also where they are signed in.')
    .argument('<name>', 'a person that `nervesys people list` shows')
    .argument('<role>', 'viewer, operator or admin')
    .action(runs(async () => ({ run: (await import('./people.ts')).role })));
  reader(people.command('sign-out'))
    .summary('sign somebody out everywhere')
    .description('End every session of somebody. They may sign in again.')
    .argument('<name>', 'a person that `nervesys people list` shows')
    .action(runs(async () => ({ run: (await import('./people.ts')).signOut })));
  reader(people.command('remove'))
    .summary('let somebody in no more')
    .description('Remove somebody, and sign them out everywhere.')
    .argument('<name>', 'a person that `nervesys people list` shows')
    .action(runs(async () => ({ run: (await import('./people.ts')).remove })));

  const key = people
    .command('key')
    .summary('keys for scripts')
    .description('API keys: what a script sends as `Authorization: Bearer <key>`.');
  reader(key.command('create'))
    .summary('make a key; it is shown once')
    .description('Make a key for a script. It is shown once, alone on standard output.')
    .argument('<name>', 'what the key is for')
    .addOption(role())
    .addOption(new Option('--expires <duration>', 'valid for (default: until it is revoked)').argParser(durationOption))
    .addHelpText('after', examples('nervesys people key create CI --role viewer --expires 90d > key'))
    .action(runs(async () => ({ run: (await import('./people-key.ts')).create })));
  reader(key.command('list'))
    .summary('list keys')
    .description('List keys. Their secrets are not kept, so they cannot be shown.')
    .action(runs(async () => ({ run: (await import('./people-key.ts')).list })));
  reader(key.command('revoke'))
    .summary('revoke a key')
    .description('Revoke a key: it opens nothing any more.')
    .argument('<id>', 'the id that `nervesys people key list` shows')
    .action(runs(async () => ({ run: (await import('./people-key.ts')).revoke })));

  const audit = program
    .command('audit')
    .summary('who did what, when, from where')
    .description('The audit log: who did what, when, from where.');
  reader(audit.command('list'))
    .summary('list the newest entries')
    .description('List the newest entries of the audit log, newest first.')
    .option('--limit <n>', 'at most so many (up to 1000)', countOption, 50)
    .action(runs(async () => ({ run: (await import('./audit.ts')).list })));
  reader(audit.command('verify'))
    .summary('prove that nobody changed the log')
    .description(
      'Compute the chain of hashes of the audit log anew, from its first entry. Exit code 3: an entry was changed, put in or taken out.',
    )
    .option('--noted <line>', 'the newest entry as an earlier run printed it: the log must still go on from there')
    .addHelpText('after', examples('nervesys audit verify', 'nervesys audit verify --json'))
    .action(runs(async () => ({ run: (await import('./audit.ts')).verify })));
}

function role(): Option {
  return new Option('--role <role>', 'what they may do').choices(['viewer', 'operator', 'admin']).default('viewer');
}

function passwordFile(): Option {
  return new Option('--password-file <file>', 'read it from a file, - for standard input (default: typed unseen)');
}
