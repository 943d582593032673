import type { FleetServer, TokenAnswer } from '../../contract/fleet.ts';
import { parseServerName } from '../../contract/ids.ts';
import { isOwnMachineOnly, joinCommands } from '../../contract/join-command.ts';
import { matchesServerPattern } from '../../contract/server-pattern.ts';
import type { TokenWish } from '../live/api.ts';
import { Command } from './command.tsx';
import { useWords } from './page-context.ts';

/** Whoever has Nervesys on the server got it as its folder. */
const PROGRAM = 'npm run nervesys -- agent';

interface JoinInstructionsProps {
  readonly wish: TokenWish;
  readonly token: TokenAnswer;
  /** When each server had joined that was there before. */
  readonly before: ReadonlyMap<string, string>;
  readonly servers: ReadonlyMap<string, FleetServer>;
}

/** What to paste on the new server, once; and who has joined since. */
export function JoinInstructions({ wish, token, before, servers }: JoinInstructionsProps) {
  const words = useWords();
  const { server, uses } = wish;
  const { install, agent } = joinCommands(token, server, PROGRAM);
  const name = server === null ? undefined : parseServerName(server);
  return (
    <div>
      {install !== undefined && (
        <>
          <Command label={words.say('addServerCommand')} text={install} />
          <p class="soft">{words.say('addServerCommandHint')}</p>
        </>
      )}
      {isOwnMachineOnly(token) && <p class="note">{words.say('addServerOwnMachine')}</p>}
      {name === undefined && (
        <p>
          {words.say(server === null ? 'addServerHostName' : 'addServerHostNameMatching', {
            pattern: `\u2066${server}\u2069`,
            setting: '\u2066NERVESYS_SERVER=AIGARDEN02\u2069',
          })}
        </p>
      )}
      <p class="soft">{words.say('addServerOnce', { time: words.moment(token.expires_at) })}</p>
      <details class="elsewhere" open={install === undefined}>
        <summary>{words.say('addServerHasProgram')}</summary>
        <Command label={words.say('addServerProgram')} text={agent} />
        <Command
          label={words.say('addServerSameMachine')}
          text={`${agent} --home ~/nervesys-${name ?? 'second'} --agent-port 4319`}
        />
      </details>
      <Joined joined={joinedSince(servers, before, server)} only={uses === 1} />
    </div>
  );
}

function Joined({ joined, only }: { readonly joined: readonly string[]; readonly only: boolean }) {
  const words = useWords();
  if (joined.length === 0) {
    return (
      <p class="waiting" role="status">
        {words.say(only ? 'addServerWaiting' : 'addServerWaitingMany')}
      </p>
    );
  }
  return (
    <p class="joined" role="status">
      {words.count('addServerJoined', joined.length)}{' '}
      {joined.map((server) => (
        <bdi key={server} dir="ltr">
          {server}
        </bdi>
      ))}
    </p>
  );
}

/** New servers that the token could have let in, and known ones that have joined again; in the order of their joining. */
function joinedSince(
  servers: ReadonlyMap<string, FleetServer>,
  before: ReadonlyMap<string, string>,
  pattern: string | null,
): readonly string[] {
  return [...servers.values()]
    .filter((one) => before.get(one.server) !== one.enrolled_at)
    .filter((one) => pattern === null || matchesServerPattern(pattern, one.server))
    .sort((a, b) => (a.enrolled_at < b.enrolled_at ? -1 : 1))
    .map((one) => one.server);
}
