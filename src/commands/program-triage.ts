import { type Command, Option } from 'commander';
import { UNKNOWN_AGENT_ID } from '../contract/ids.ts';
import { LEVELS } from '../contract/record.ts';
import { countOption, durationOption } from './options.ts';
import type { ProgramParts } from './program-people.ts';

/** `nervesys triage …`: what log lines look like, and what people say of them. */
export function addTriage(
  program: Command,
  { runs, reader, home, agentPort, examples }: ProgramParts & { home(): Option; agentPort(): Option },
): Command {
  const triage = program
    .command('triage')
    .summary('what log lines are taken for')
    .description('Templates of the log lines of the fleet, and what people said of them: an alert, or ordinary.');
  reader(triage.command('templates'))
    .summary('what log lines look like')
    .description(
      'List templates of log lines with how many lines each had, the one seen last first. With an id: one, by day and AI agent.',
    )
    .argument('[id]', 'one template, as the list shows it')
    .option('--new', 'only those first seen within the last day; the newest first')
    .option('--alert', 'only those that people are told of')
    .option('--agent <agent-id>', 'with lines of this AI agent')
    .addOption(new Option('--level <level>', 'with lines of this level').choices(LEVELS))
    .option('--grep <text>', 'with this text, in upper or lower case')
    .addOption(
      new Option('--since <duration>', 'count lines since, by whole days')
        .argParser(durationOption)
        .default(7 * 86_400_000, '7d'),
    )
    .addOption(new Option('--limit <n>', 'at most so many').argParser(countOption).default(100))
    .addHelpText(
      'after',
      examples(
        'nervesys triage templates --new',
        "nervesys triage templates --agent GROK --level ERROR --grep 'connection'",
        'nervesys triage templates 0123456789abcdef',
      ),
    )
    .action(runs(async () => ({ run: (await import('./triage-templates.ts')).templates })));
  reader(triage.command('mark'))
    .summary('say what lines are: ordinary, or always an alert')
    .description(
      'Mark the template of an alert, or a template: the whole fleet judges its lines so within a minute, until the mark is removed. ' +
        'What is open of an ordinary one is resolved.',
    )
    .argument('[alert-or-template]', 'an id as `nervesys alerts` or `nervesys triage templates` shows it')
    .option('--ordinary', 'not an alert, never')
    .option('--alert', 'always an alert')
    .option('--note <text>', 'why, for whoever wonders')
    .option('--list', 'what is marked, the newest first')
    .option('--remove', 'take the mark back')
    .option('--export [file]', 'what is marked, as rules for the configuration; to standard output, or into a new file')
    .addHelpText(
      'after',
      examples(
        "nervesys triage mark 17 --ordinary --note 'the proxy restarts each night'",
        'nervesys triage mark 0123456789abcdef --alert',
        'nervesys triage mark --list',
        'nervesys triage mark --export rules.yaml',
      ),
    )
    .action(runs(async () => ({ run: (await import('./triage-mark.ts')).run })));
  triage
    .command('explain')
    .summary('what a line would be taken for')
    .description(
      'Tell what the triage makes of a line, and why: by what the agent of this machine has learnt, where one runs. Rules of the configuration ' +
        'come first; `nervesys rules test` tells what they make of it. Nothing is stored or learnt.',
    )
    .argument('<line>', 'the message of a record')
    .addOption(new Option('--agent <agent-id>', 'as if this AI agent had said it').default(UNKNOWN_AGENT_ID))
    .addOption(new Option('--level <level>', 'of the record').choices(LEVELS).default('INFO'))
    .addOption(home())
    .addOption(agentPort())
    .option('--json', 'as JSON')
    .addHelpText('after', examples("nervesys triage explain 'out of memory: killed process 4242' --level ERROR"))
    .action(runs(() => import('./triage-explain.ts')));
  return triage;
}
