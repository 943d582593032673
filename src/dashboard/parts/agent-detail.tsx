import type { ComponentChildren } from 'preact';
import type { FleetAgent } from '../../contract/fleet.ts';
import { sayReason } from '../messages/reasons.ts';
import type { TextKey } from '../messages/words.ts';
import { Age } from './age.tsx';
import { HourCharts } from './charts.tsx';
import { Figure } from './marks.tsx';
import { useWords } from './page-context.ts';

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
      </dl>
    </section>
  );
}

function Fact({ label, children }: { readonly label: TextKey; readonly children: ComponentChildren }) {
  const words = useWords();
  return (
    <div class="fact">
      <dt>{words.say(label)}</dt>
      <dd>{children}</dd>
    </div>
  );
}
