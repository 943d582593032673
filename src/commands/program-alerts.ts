import { type Command, Option } from 'commander';
import { ALERT_SEVERITIES } from '../contract/alert.ts';
import { countOption, durationOption } from './options.ts';
import type { ProgramParts } from './program-people.ts';

/** `nervesys alerts …`: what went wrong, and what people do about it. */
export function addAlerts(program: Command, { runs, reader, examples }: ProgramParts): void {
  const alerts = program.command('alerts');
  reader(alerts)
    .summary('what went wrong')
    .description('List alerts that are not over, the one told last first.')
    .option('--all', 'resolved ones too')
    .option('--server <name>', 'of this server')
    .option('--agent <agent-id>', 'of this AI agent')
    .option('--kind <kind>', 'of this kind, as server.silent')
    .addOption(new Option('--severity <severity>', 'at least so bad').choices(ALERT_SEVERITIES))
    .addOption(new Option('--limit <n>', 'at most so many').argParser(countOption).default(200))
    .addHelpText(
      'after',
      examples(
        'nervesys alerts',
        'nervesys alerts --severity critical',
        'nervesys alerts show 17',
        'nervesys alerts --all --json',
      ),
    )
    .action(runs(() => import('./alerts.ts')));
  reader(alerts.command('show'))
    .summary('one alert with its story')
    .description('Show an alert: what it says, the lines before it, what happened to it and whom it was told to.')
    .argument('<id>', 'as `nervesys alerts` shows it')
    .action(runs(async () => ({ run: (await import('./alerts.ts')).show })));
  reader(alerts.command('ack'))
    .alias('acknowledge')
    .summary('say that you have seen alerts')
    .description('Acknowledge alerts: they stay open, and nobody else is called for them.')
    .argument('<id...>', 'as `nervesys alerts` shows them')
    .option('--note <text>', 'for whoever reads the timeline')
    .addHelpText(
      'after',
      examples('nervesys alerts ack 17', "nervesys alerts ack 17 18 --note 'disk is being replaced'"),
    )
    .action(runs(async () => ({ run: (await import('./alerts.ts')).acknowledge })));
  reader(alerts.command('resolve'))
    .summary('say that alerts are over')
    .description('Resolve alerts. A trouble that is told again within ten minutes opens the same alert again.')
    .argument('<id...>', 'as `nervesys alerts` shows them')
    .option('--note <text>', 'for whoever reads the timeline')
    .addHelpText('after', examples('nervesys alerts resolve 17'))
    .action(runs(async () => ({ run: (await import('./alerts.ts')).resolve })));
  reader(alerts.command('test'))
    .summary('send a test by a channel')
    .description(
      'Send a test by a channel of orchestrator.yaml, and say what its provider answered. Without a name: list the channels.',
    )
    .option('--channel <name>', 'the channel, as orchestrator.yaml names it')
    .addHelpText('after', examples('nervesys alerts test --channel oncall', 'nervesys alerts test'))
    .action(runs(() => import('./alerts-test.ts')));
  reader(alerts.command('silence'))
    .summary('tell nobody of some alerts for a time')
    .description(
      'Silence alerts for a time: they are kept and shown, and told when the time is over if they still hold. By id, or by patterns ' +
        'with * and ?; all that is given must match.',
    )
    .argument('[id]', 'this alert alone')
    .option('--server <pattern>', "of these servers: 'AIGARDEN*'")
    .option('--agent <pattern>', 'of these AI agents')
    .option('--kind <pattern>', "of these kinds: 'threshold.*'")
    .option('--everything', 'all alerts')
    .addOption(new Option('--for <duration>', 'how long').argParser(durationOption).default(3_600_000, '1h'))
    .addOption(new Option('--in <duration>', 'from then on: a maintenance to come').argParser(durationOption))
    .option('--reason <text>', 'why, for whoever wonders; may be left out where one alert is meant')
    .addHelpText(
      'after',
      examples(
        "nervesys alerts silence 17 --for 4h --reason 'known, fixed on Monday'",
        "nervesys alerts silence --server 'RACK2-*' --in 2h --for 90m --reason 'rack 2 is moved'",
      ),
    )
    .action(runs(async () => ({ run: (await import('./silences.ts')).silence })));
  reader(alerts.command('silences'))
    .summary('list silences')
    .description('List silences that hold, and those to come.')
    .action(runs(async () => ({ run: (await import('./silences.ts')).list })));
  reader(alerts.command('unsilence'))
    .summary('end a silence now')
    .description('End a silence now. What it held back is told, unless it is over by itself.')
    .argument('<id>', 'as `nervesys alerts silences` shows it')
    .action(runs(async () => ({ run: (await import('./silences.ts')).unsilence })));
}
