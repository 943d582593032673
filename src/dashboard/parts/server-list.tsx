import { useMemo } from 'preact/hooks';
import type { FleetServer } from '../../contract/fleet.ts';
import { Age } from './age.tsx';
import { StateMark } from './marks.tsx';
import { useWords } from './page-context.ts';

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The servers that joined, folded away: the AI agents are what a reader comes for. */
export function ServerList({ servers }: { readonly servers: ReadonlyMap<string, FleetServer> }) {
  const words = useWords();
  const sorted = useMemo(() => [...servers.values()].sort((a, b) => byName.compare(a.server, b.server)), [servers]);
  if (sorted.length === 0) return null;
  return (
    <details class="servers">
      <summary>
        <h2>{words.say('servers')}</h2>
        <span class="count">{words.number(sorted.length)}</span>
      </summary>
      <ul class="server-list">
        {sorted.map((server) => (
          <li key={server.server}>
            <bdi dir="ltr" class="server-name">
              {server.server}
            </bdi>
            <StateMark state={server.state} />
            <span>{words.count('serverAgents', server.agents)}</span>
            <span class="soft">
              {server.last_seen_at === null ? words.say('serverSilent') : <Age at={server.last_seen_at} />}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
