import { useMemo } from 'preact/hooks';
import type { FleetServer } from '../../contract/fleet.ts';
import { sayReason } from '../messages/reasons.ts';
import { saySkew } from '../messages/skew.ts';
import { Age } from './age.tsx';
import { ConfirmButton } from './confirm-button.tsx';
import { Revision, StateMark } from './marks.tsx';
import { usePage, useWords } from './page-context.ts';
import { ServiceButton } from './service-button.tsx';

/** A server that is out of service stands last, greyed. */
function inServiceFirst(a: FleetServer, b: FleetServer): number {
  return Number(isRetired(a)) - Number(isRetired(b)) || byName.compare(a.server, b.server);
}

function isRetired({ state }: FleetServer): boolean {
  return state === 'retired';
}

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The servers that joined, folded away: the AI agents are what a reader comes for. */
export function ServerList({ servers }: { readonly servers: ReadonlyMap<string, FleetServer> }) {
  const words = useWords();
  const sorted = useMemo(() => [...servers.values()].sort(inServiceFirst), [servers]);
  if (sorted.length === 0) return null;
  return (
    <details class="servers">
      <summary>
        <h2>{words.say('servers')}</h2>
        <span class="count">{words.number(sorted.length)}</span>
      </summary>
      <ul class="server-list">
        {sorted.map((server) => (
          <li key={server.server} class={isRetired(server) ? 'put-away' : ''}>
            <bdi dir="ltr" class="server-name">
              {server.server}
            </bdi>
            <StateMark state={server.state} />
            <ServerState server={server} />
            <span>{words.count('serverAgents', server.agents)}</span>
            <span class="soft">
              {server.last_seen_at === null ? words.say('serverSilent') : <Age at={server.last_seen_at} />}
            </span>
            <ServerKey server={server} />
            <ServerConfig config={server.config} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Why it isn't up, since when, and how wrong its clock is where that matters. */
function ServerState({
  server: { state, reason, state_at: at, clock_skew_ms: skewMs },
}: {
  readonly server: FleetServer;
}) {
  const words = useWords();
  const skew = saySkew(words, skewMs);
  return (
    <>
      {state !== 'up' && reason !== undefined && reason !== '' && (
        <span class="soft-reason">
          <bdi>{sayReason(words, reason)}</bdi>
          {at != null && (
            <>
              {' · '}
              <Age at={at} />
            </>
          )}
        </span>
      )}
      {skew !== '' && <span class="soft-reason">{words.say('serverClock', { skew })}</span>}
    </>
  );
}

/** What runs there, how old its key is, and the way to take it away. A server without a key has none to show. */
function ServerKey({
  server: { server, state, agent_version: version, key_created_at: keyAt },
}: {
  readonly server: FleetServer;
}) {
  const words = useWords();
  const { api, live } = usePage();
  return (
    <div class="server-key">
      {version !== null && <span>{words.say('serverVersion', { version: `\u2066${version}\u2069` })}</span>}
      {keyAt != null && (
        <>
          <span>{words.say('serverKeyAge', { time: words.duration((live.now() - Date.parse(keyAt)) / 1000) })}</span>
          <ConfirmButton
            label={words.say('revoke')}
            question={words.say('serverRevokeAsk', { server: `\u2066${server}\u2069` })}
            onConfirm={() => api.revokeServer(server)}
          />
        </>
      )}
      <ServiceButton server={server} retired={state === 'retired'} />
    </div>
  );
}

/** The configuration that it runs, what it is to run where that is another, and why it doesn't. */
function ServerConfig({ config }: { readonly config: FleetServer['config'] }) {
  const words = useWords();
  if (config === undefined || (config.running === null && config.desired === null)) return null;
  const { running, desired, error } = config;
  return (
    <div class="server-config">
      <span>
        {words.say('configuration')} {running === null ? words.say('none') : <Revision name={running} />}
      </span>
      {desired !== null && desired !== running && (
        <span>
          {words.say('factConfigDesired')} <Revision name={desired} />
        </span>
      )}
      {error !== null && <bdi class="refusal">{error}</bdi>}
    </div>
  );
}
