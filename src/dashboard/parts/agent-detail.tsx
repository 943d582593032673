import type { FleetAgent } from '../../contract/fleet.ts';
import { sayReason } from '../messages/reasons.ts';
import { Age } from './age.tsx';
import { HourCharts } from './charts.tsx';
import { Fact } from './fact.tsx';
import { Figure, Revision } from './marks.tsx';
import { usePage, useStore, useWords } from './page-context.ts';

/** An AI agent's last hour and what else is known of it. */
export function AgentDetail({ agent }: { readonly agent: FleetAgent }) {
  const words = useWords();
  return (
    <section class="detail" aria-label={words.say('detailOf', { agent: agent.agent_id })}>
      <HourCharts agent_id={agent.agent_id} server={agent.server} />
      <dl class="facts">
        {agent.reason !== '' && (
          <Fact label="factReason">
            <bdi>{sayReason(words, agent.reason)}</bdi>
          </Fact>
        )}
        <Fact label="factSeen">
          <Age at={agent.last_seen_at} />
        </Fact>
        <Fact label="factBeat">
          <Age at={agent.received_at} />
        </Fact>
        <Fact label="factUptime">{words.duration(agent.uptime_seconds)}</Fact>
        <Fact label="factBacklog">
          <Figure text={words.number(agent.backlog_records)} />
        </Fact>
        <Fact label="factVersion">
          <bdi dir="ltr">{agent.agent_version}</bdi>
        </Fact>
        <ConfigFacts server={agent.server} />
      </dl>
    </section>
  );
}

/** The configuration that its server runs, and what stands against the one that it is to run. */
function ConfigFacts({ server }: { readonly server: string }) {
  const words = useWords();
  const config = useStore(usePage().live.model).servers.get(server)?.config;
  if (config === undefined || (config.running === null && config.desired === null)) return null;
  const { running, desired, error } = config;
  return (
    <>
      <Fact label="factConfig">{running === null ? words.say('none') : <Revision name={running} />}</Fact>
      {desired !== null && desired !== running && (
        <Fact label="factConfigDesired">
          <Revision name={desired} />
        </Fact>
      )}
      {error !== null && (
        <Fact label="factConfigError">
          <bdi class="refusal">{error}</bdi>
        </Fact>
      )}
    </>
  );
}
