import { systemClock } from '../platform/clock.ts';
import { locateAgent } from './connection.ts';
import { checkAgent } from './doctor/agent-checks.ts';
import type { Check } from './doctor/check.ts';
import { checkHome } from './doctor/home-checks.ts';
import { checkOrchestrator } from './doctor/orchestrator-checks.ts';
import { EXIT } from './exit-codes.ts';
import { type Colour, escapeControls, painter, print, printJson } from './output.ts';
import { resolveHome } from './settings.ts';

export interface DoctorOptions {
  readonly home?: string;
  readonly port?: number;
  readonly agentPort?: number;
  readonly json?: boolean;
}

const MARK: Readonly<Record<Check['state'], readonly [mark: string, colour: Colour]>> = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✗', 'red'],
  skipped: ['–', 'dim'],
};

/** `nervesys doctor`: looks at everything that can be looked at from here; exit code 3 when there is a problem. */
export async function run(options: DoctorOptions): Promise<number> {
  const home = resolveHome(options.home);
  const agent = await checkAgent(home, locateAgent(options), systemClock.now());
  const place = { home, ...(options.port === undefined ? {} : { port: options.port }) };
  const checks = [
    ...(await checkHome(home)),
    ...agent.checks,
    ...(await checkOrchestrator(place, agent.server, () => systemClock.now())),
  ];
  const problems = checks.filter((check) => check.state === 'problem').length;
  if (options.json) printJson({ healthy: problems === 0, home, checks });
  else {
    for (const check of checks) print(formatCheck(check));
    const warnings = checks.filter((check) => check.state === 'warning').length;
    print('');
    print(problems + warnings === 0 ? 'All is well.' : `${problems} problems, ${warnings} warnings.`);
  }
  return problems > 0 ? EXIT.problems : EXIT.done;
}

function formatCheck(check: Check): string {
  const paint = painter(process.stdout);
  const [mark, colour] = MARK[check.state];
  const line = `${paint(colour, mark)} ${check.name.padEnd(16)} ${escapeControls(check.found)}`;
  return check.remedy === undefined
    ? line
    : `${line}\n  ${' '.repeat(16)} ${paint('bold', '→')} ${escapeControls(check.remedy)}`;
}
