import type { FleetAgent, FleetServer } from '../contract/fleet.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, note, printJson } from './output.ts';

/** `nervesys fleet retire <server> [agent-id]`. */
export function retire(options: ReaderOptions, server: string, agentId?: string): Promise<number> {
  return change('retire', 'is out of service', options, server, agentId);
}

/** `nervesys fleet reinstate <server> [agent-id]`. */
export function reinstate(options: ReaderOptions, server: string, agentId?: string): Promise<number> {
  return change('reinstate', 'is back in service', options, server, agentId);
}

async function change(
  step: 'retire' | 'reinstate',
  done: string,
  options: ReaderOptions,
  server: string,
  agentId: string | undefined,
): Promise<number> {
  const orchestrator = connectOrchestrator(options);
  const answer = (await (agentId === undefined
    ? orchestrator.ask('POST', `/api/v1/servers/${encodeURIComponent(server)}/${step}`)
    : orchestrator.ask('POST', `/api/v1/agents/${encodeURIComponent(agentId)}/${step}`, { server }))) as
    | FleetServer
    | FleetAgent;
  if (options.json) printJson(answer);
  else note(escapeControls(`${agentId === undefined ? server : `${agentId} on ${server}`} ${done}.`));
  return EXIT.done;
}
