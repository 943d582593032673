import { explain } from '../agent/edge-ai/explanation.ts';
import type { TriageExplanation } from '../agent/edge-ai/index.ts';
import { openJudges } from '../agent/edge-ai/open-judges.ts';
import { encodeObject } from '../agent/sources/record-encoder.ts';
import { builtInConfig } from '../config/index.ts';
import type { ServerName } from '../contract/ids.ts';
import { parseAgentId } from '../contract/ids.ts';
import type { Level } from '../contract/record.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { silentLogger } from '../platform/logger.ts';
import { askAgent, locateAgent } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { escapeControls, note, painter, print, printJson } from './output.ts';

export interface TriageExplainOptions {
  readonly agent: string;
  readonly level: Level;
  readonly home?: string;
  readonly agentPort?: number;
  readonly json?: boolean;
}

const TIMEOUT_MS = 10_000;

/** `nervesys triage explain LINE`: by the agent of this machine, or by what is built in where none runs. */
export async function run(options: TriageExplainOptions, message: string): Promise<number> {
  const agentId = parseAgentId(options.agent);
  if (agentId === undefined || message === '')
    throw new NervesysError('NSV_SETTING_INVALID', 'explain a line: it is empty, or --agent is no name', {
      hint: "as in nervesys triage explain 'disk is full' --agent GROK",
    });
  const line = { message, agent_id: agentId, level: options.level };
  let explanation: TriageExplanation;
  try {
    const answer = await askAgent(locateAgent(options), 'POST', '/triage/explain', TIMEOUT_MS, line);
    explanation = answer as TriageExplanation;
  } catch (error) {
    if (!(error instanceof NervesysError) || error.code !== 'NSV_NOT_RUNNING' || options.agentPort !== undefined)
      throw error;
    if (options.json !== true) note('No agent runs here: this is what one says that has learnt nothing yet.');
    explanation = await explainAlone(line);
  }
  if (options.json) printJson(explanation);
  else print(formatExplanation(explanation));
  return EXIT.done;
}

async function explainAlone(line: Readonly<Record<string, unknown>>): Promise<TriageExplanation> {
  const config = await builtInConfig();
  const clock = systemClock;
  const judges = await openJudges({ config, state: { read: async () => undefined }, clock, logger: silentLogger });
  const record = encodeObject(line, { server: 'LOCALHOST' as ServerName, now: clock.now() });
  return explain(judges, config, record, clock);
}

const WHO = {
  correction: 'people marked lines like this as an alert',
  detector: 'a detector of what goes wrong with AI agents',
  scorer: 'the scorer',
  model: 'the language model',
} as const;

export function formatExplanation(one: TriageExplanation): string {
  const paint = painter(process.stdout);
  const { tier, severity, mark, lines } = one;
  const seen = lines === 0 ? 'new here' : `${lines} lines so far`;
  const verdict = !one.enabled
    ? 'lines of this AI agent are not judged (triage.enabled: false)'
    : tier !== null
      ? paint('red', `people are told (${severity}), by ${WHO[tier]}`)
      : mark === 'ordinary'
        ? paint('green', 'nobody is told: people marked lines like this as ordinary')
        : paint('green', 'nobody is told');
  const unsure = one.unsure ? '; in doubt, so a language model would be asked where there is one' : '';
  return [
    `${paint('bold', 'Template')}  ${escapeControls(one.template_text)}`,
    `          ${one.template}, ${seen}`,
    `${paint('bold', 'Verdict')}   ${verdict}`,
    `${paint('bold', 'Score')}     ${one.score.toFixed(2)} of 1${unsure}`,
    `${paint('bold', 'Why')}       ${escapeControls(one.reason)}`,
  ].join('\n');
}
