import { Component } from 'preact';
import type { FleetAgent } from '../../contract/fleet.ts';
import { sayNote } from '../messages/reasons.ts';
import type { Words } from '../messages/words.ts';
import { Age } from './age.tsx';
import { AgentDetail } from './agent-detail.tsx';
import { Sparkline } from './charts.tsx';
import { Figure, STATUS_WORDS, StateMark } from './marks.tsx';

export const COLUMNS = 11;

interface AgentRowProps {
  readonly agent: FleetAgent;
  readonly rowKey: string;
  readonly expanded: boolean;
  readonly words: Words;
  readonly onToggle: (rowKey: string) => void;
}

/** One AI agent: a row of the table, on a phone a card, and its details below when opened. Painted again only when something of it changed. */
export class AgentRow extends Component<AgentRowProps> {
  override shouldComponentUpdate(next: AgentRowProps): boolean {
    const { agent, expanded, words } = this.props;
    return next.agent !== agent || next.expanded !== expanded || next.words !== words;
  }

  override render({ agent, rowKey, expanded, words, onToggle }: AgentRowProps) {
    const { metrics } = agent;
    const note = sayNote(words, agent);
    const quiet = agent.state === 'revoked' || agent.state === 'retired';
    return (
      <>
        <tr
          class={`agent${expanded ? ' expanded' : ''}${quiet ? ' put-away' : ''}`}
          onClick={(event) => this.#clicked(event)}
        >
          <th scope="row" class="cell-agent">
            <button type="button" class="agent-name" aria-expanded={expanded} onClick={() => onToggle(rowKey)}>
              <span class="chevron" aria-hidden="true" />
              <bdi>{agent.agent_id}</bdi>
            </button>
          </th>
          <td class="cell-server" data-label={words.say('columnServer')}>
            <bdi dir="ltr" title={agent.server}>
              {agent.server}
            </bdi>
          </td>
          <td class="cell-state">
            <StateMark state={agent.state} />
            {note !== '' && (
              <span class="reason" title={note}>
                <bdi>{note}</bdi>
              </span>
            )}
          </td>
          <td class="cell-status" data-label={words.say('columnStatus')}>
            <span class={`status-${agent.status}`}>{words.say(STATUS_WORDS[agent.status])}</span>
          </td>
          <Gauge
            name="cpu"
            label={words.say('columnCpu')}
            value={metrics.cpu_percent}
            text={words.percent(metrics.cpu_percent)}
          />
          <Gauge
            name="ram"
            label={words.say('columnRam')}
            value={metrics.ram_percent}
            text={words.percent(metrics.ram_percent)}
          />
          <Gauge
            name="disk"
            label={words.say('columnDisk')}
            value={metrics.disk_percent}
            text={words.percent(metrics.disk_percent)}
          />
          <td class="cell-buffer number" data-label={words.say('columnBuffer')}>
            <Figure text={words.megabytes(metrics.buffer_size_mb)} />
          </td>
          <td class="cell-hour">
            <Sparkline agent_id={agent.agent_id} server={agent.server} />
          </td>
          <td class="cell-action" data-label={words.say('columnAction')}>
            <bdi title={agent.last_action ?? undefined}>{agent.last_action ?? words.say('none')}</bdi>
          </td>
          <td class="cell-beat" data-label={words.say('columnBeat')}>
            <Age at={agent.received_at} />
          </td>
        </tr>
        {expanded && (
          <tr class="detail-row">
            <td colSpan={COLUMNS}>
              <AgentDetail agent={agent} />
            </td>
          </tr>
        )}
      </>
    );
  }

  /** The whole row opens the details, unless the reader meant a button or is selecting text. The button in it serves the keyboard. */
  #clicked(event: MouseEvent): void {
    const onButton = event.target instanceof Element && event.target.closest('button, a') !== null;
    if (onButton || getSelection()?.isCollapsed === false) return;
    this.props.onToggle(this.props.rowKey);
  }
}

interface GaugeProps {
  readonly name: string;
  readonly label: string;
  readonly value: number;
  readonly text: string;
}

/** A percentage with a thin bar below, so that a column can be taken in at a glance. */
function Gauge({ name, label, value, text }: GaugeProps) {
  const part = Math.min(1, Math.max(0, value / 100)) || 0;
  return (
    <td class={`cell-${name} number gauge`} data-label={label} style={{ '--part': part.toFixed(3) }}>
      <Figure text={text} />
    </td>
  );
}
