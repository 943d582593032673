import type { Command } from 'commander';
import type { ProgramParts } from './program-people.ts';

/** `nervesys triage eval …`. `triage`: the command that it belongs to. */
export function addTriageEval(triage: Command, { runs, examples }: ProgramParts): void {
  triage
    .command('eval')
    .summary('how the triage does on lines whose answers are known')
    .description(
      'Run the triage over sets of lines, SYSTEM/SYSTEM_2k.log and SYSTEM/SYSTEM_2k.structured.csv, and tell how many lines it put into ' +
        'their true group (GA), how many groups it found (FGA), and how well it alerts. It sees the messages and levels of the CSV, or the ' +
        'raw lines, and never the answers.',
    )
    .argument('<folder>', 'of the sets')
    .option('--out <folder>', 'write what it said of each line, one file a system')
    .option('--raw', 'read whole lines with their headers, rather than messages')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples('nervesys triage eval ./sets', 'nervesys triage eval ./sets --raw --out predictions'),
    )
    .action(runs(() => import('./triage-eval.ts')));
}
