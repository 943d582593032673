import type { AgentCommandOptions } from './agent.ts';

/**
 * The options of `nervesys agent` where they are written as services write them; `undefined`: the command line is another, or has a mistake to be
 * told. An agent runs for months, and what reads command lines would stay in its memory: 0.2 MB.
 */
export function readPlainAgent(args: readonly string[]): AgentCommandOptions | undefined {
  if (args[0] !== 'agent') return undefined;
  let options: AgentCommandOptions = {};
  for (let at = 1; at < args.length; at++) {
    const value = args[at + 1];
    if (args[at] === '--trial') options = { ...options, trial: true };
    else if (value === undefined || value.startsWith('-')) return undefined;
    else if (args[at] === '--home' && value !== '') options = { ...options, home: args[++at]! };
    else if (args[at] === '--agent-port' && /^\d{1,5}$/.test(value) && Number(value) <= 65_535)
      options = { ...options, agentPort: Number(args[++at]) };
    else return undefined;
  }
  return options;
}

/** Runs it, prints its failure if it has one, and resolves with the exit code. */
export async function runPlainAgent(options: AgentCommandOptions): Promise<number> {
  try {
    const { run } = await import('./agent.ts');
    return await run(options);
  } catch (error) {
    const { printFailure } = await import('./failure.ts');
    return printFailure(error);
  }
}
