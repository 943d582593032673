import { type Command, Option } from 'commander';
import type { ReportKind, ReportLanguage } from '../contract/reports.ts';
import { countOption } from './options.ts';
import type { ProgramParts } from './program-people.ts';

/** In words here, so that a server's program carries nothing of reports but their help. */
export const LANGUAGES: readonly ReportLanguage[] = ['en', 'he'];
const KINDS: readonly {
  readonly kind: ReportKind;
  readonly of: string;
  readonly date: string;
  readonly byDefault: string;
}[] = [
  { kind: 'daily', of: 'a day', date: '2025-12-10', byDefault: 'yesterday' },
  { kind: 'weekly', of: 'an ISO week, from Monday', date: '2025-W50, or a day in it', byDefault: 'last week' },
  { kind: 'monthly', of: 'a month', date: '2025-12, or a day in it', byDefault: 'last month' },
  { kind: 'critical', of: 'the critical alerts of a day', date: '2025-12-10', byDefault: 'today' },
];

/** `nervesys report …`: reports for people, made by the running orchestrator. */
export function addReports(program: Command, { runs, reader, examples }: ProgramParts): void {
  const report = program
    .command('report')
    .summary('reports for people: PDF and Excel')
    .description(
      'Reports for people, as PDF and Excel, in English and Hebrew. The orchestrator makes them by itself (orchestrator.yaml: reports) and ' +
        'puts them on its shelves; here they are made by hand, fetched, sent again and looked at.',
    );
  for (const { kind, of, date, byDefault } of KINDS)
    reader(report.command(kind))
      .summary(`make the report of ${of}`)
      .description(
        `Let the orchestrator make the report of ${of}, wait for it, and say where it stands on each shelf. One that is there already is made ` +
          'again: the same facts stay the same version, what arrived late makes a new one. Exit code 3: it is made, and not on every shelf.',
      )
      .option('--date <date>', `${date}; today or yesterday (default: ${byDefault})`)
      .option('--from <date>', 'with --to: one after the other, from this one')
      .option('--to <date>', 'to this one')
      .option('--missing', 'make only those that there are none of yet')
      .addOption(new Option('--lang <lang>', 'with --out: only the files in this language').choices(LANGUAGES))
      .option('--out <dir>', 'fetch the files into this folder too')
      .addHelpText('after', examples(...makeExamples(kind)))
      .action(runs(async () => ({ run: (await import('./report.ts')).make(kind) })));
  reader(report.command('list'))
    .summary('list reports')
    .description(
      'List reports, the newest period first, with how they fare on the shelves and when the next ones are due.',
    )
    .addOption(new Option('--kind <kind>', 'of this kind').choices(KINDS.map(({ kind }) => kind)))
    .addOption(new Option('--limit <n>', 'at most so many').argParser(countOption).default(30))
    .addHelpText('after', examples('nervesys report list', 'nervesys report list --kind weekly --json'))
    .action(runs(async () => ({ run: (await import('./report-list.ts')).list })));
  reader(report.command('send'))
    .summary('put a report on its shelves again')
    .description(
      'Put the newest version of a report on every shelf again, or on one, and say how that went. What stands there is replaced, never ' +
        'doubled. Exit code 3: it is not on every shelf.',
    )
    .argument('<kind>', 'daily, weekly, monthly or critical')
    .argument('<period>', '2025-12-10, 2025-W50, 2025-12, today or yesterday')
    .option('--shelf <name>', 'only on this shelf of orchestrator.yaml')
    .option(
      '--replace',
      'also in the place of a report that knows more, which an older database that was restored did not put there',
    )
    .addHelpText(
      'after',
      examples('nervesys report send daily 2025-12-10', 'nervesys report send weekly 2025-W50 --shelf drive'),
    )
    .action(runs(() => import('./report-send.ts')));
  reader(report.command('facts'))
    .summary('print the facts of a report as JSON')
    .description('Print what a report says, in numbers, as JSON: what the PDF, the workbook and the page are made of.')
    .argument('<kind>', 'daily, weekly, monthly or critical')
    .argument('<period>', '2025-12-10, 2025-W50, 2025-12, today or yesterday')
    .option('--of-version <n>', 'of this version (default: the newest)', countOption)
    .addHelpText(
      'after',
      examples(
        'nervesys report facts daily 2025-12-10 | jq .totals',
        'nervesys report facts daily yesterday --of-version 1',
      ),
    )
    .action(runs(async () => ({ run: (await import('./report-list.ts')).facts })));
}

function makeExamples(kind: ReportKind): readonly string[] {
  switch (kind) {
    case 'daily':
      return [
        'nervesys report daily',
        'nervesys report daily --date 2025-12-10 --lang he --out ./reports',
        'nervesys report daily --from 2025-12-01 --to yesterday --missing',
      ];
    case 'weekly':
      return ['nervesys report weekly', 'nervesys report weekly --date 2025-W50 --out ./reports'];
    case 'monthly':
      return ['nervesys report monthly', 'nervesys report monthly --from 2025-09 --to 2025-11'];
    case 'critical':
      return ['nervesys report critical', 'nervesys report critical --date 2025-12-10 --out .'];
    default:
      return kind satisfies never;
  }
}
