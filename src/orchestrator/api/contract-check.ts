import type { IncomingHttpHeaders } from 'node:http';
import { CONTRACT_HEADER, CONTRACT_VERSION, CONTRACT_VERSION_LEAST } from '../../contract/agreement.ts';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import { NervesysError } from '../../platform/errors.ts';

/** What stands against an agent that speaks another contract than we do, both named; `undefined` when nothing does. */
export function contractObstacle(
  headers: IncomingHttpHeaders,
  served: { readonly least: number; readonly most: number } = { least: CONTRACT_VERSION_LEAST, most: CONTRACT_VERSION },
): NervesysError | undefined {
  const said = headers[CONTRACT_HEADER];
  const version = said === undefined ? 1 : /^\d{1,6}$/.test(String(said)) ? Number(said) : 0;
  const agent = programOf(headers);
  if (version < served.least)
    return new NervesysError(
      'NSV_AGENT_TOO_OLD',
      `${agent} speaks contract ${version}; this orchestrator (${NERVESYS_VERSION}) serves ${served.least} to ${served.most}`,
    );
  if (version > served.most)
    return new NervesysError(
      'NSV_ORCHESTRATOR_TOO_OLD',
      `${agent} speaks contract ${version}; this orchestrator (${NERVESYS_VERSION}) serves only up to ${served.most}`,
    );
  return undefined;
}

function programOf(headers: IncomingHttpHeaders): string {
  const version = /^nervesys-agent\/([\w.+-]{1,50})$/.exec(headers['user-agent'] ?? '')?.[1];
  return version === undefined ? 'the agent' : `the agent (${version})`;
}
