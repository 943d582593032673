import type { FleetAgent } from '../../contract/fleet.ts';
import { NERVESYS_AGENT_ID } from '../../contract/ids.ts';
import { sayReason } from '../messages/reasons.ts';
import { saySkew } from '../messages/skew.ts';
import { Age } from './age.tsx';
import { HourCharts } from './charts.tsx';
import { Fact } from './fact.tsx';
import { Figure, Revision } from './marks.tsx';
import { usePage, useStore, useWords } from './page-context.ts';
import { ServiceButton } from './service-button.tsx';

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
        {agent.state_at != null && (
          <Fact label="factSince">
            <Age at={agent.state_at} />
          </Fact>
        )}
        <Fact label="factSeen">
          <Age at={agent.seen_at ?? agent.last_seen_at} />
        </Fact>
        <Fact label="factBeat">
          <Age at={agent.received_at} />
        </Fact>
        <Fact label="factUptime">{words.duration(agent.uptime_seconds)}</Fact>
        {agent.process !== undefined && (
          <Fact label="factProcess">
            {words.say('factProcessText', {
              cpu: isolate(words.percent(agent.process.cpu_percent)),
              memory: isolate(words.megabytes(agent.process.rss_mb)),
            })}
          </Fact>
        )}
        {agent.process !== undefined && agent.process.restarts > 0 && (
          <Fact label="factRestarts">{words.say('alertTimes', { count: words.number(agent.process.restarts) })}</Fact>
        )}
        <Fact label="factBacklog">
          <Figure text={words.number(agent.backlog_records)} />
        </Fact>
        <Fact label="factVersion">
          <bdi dir="ltr">{agent.agent_version}</bdi>
        </Fact>
        <SkewFact server={agent.server} />
        <ConfigFacts server={agent.server} />
      </dl>
      {agent.agent_id !== NERVESYS_AGENT_ID && (
        <div class="detail-actions">
          <ServiceButton server={agent.server} agentId={agent.agent_id} retired={agent.state === 'retired'} />
        </div>
      )}
    </section>
  );
}

/** A figure with its sign in one piece within right-to-left words. */
function isolate(text: string): string {
  return `\u2066${text}\u2069`;
}

/** How wrong its server's clock is, where that matters. */
function SkewFact({ server }: { readonly server: string }) {
  const words = useWords();
  const skew = saySkew(words, useStore(usePage().live.model).servers.get(server)?.clock_skew_ms);
  return skew === '' ? null : <Fact label="factSkew">{skew}</Fact>;
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
