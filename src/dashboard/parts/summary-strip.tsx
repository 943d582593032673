import type { AgentState } from '../../contract/heartbeat.ts';
import type { TextKey } from '../messages/words.ts';
import type { FleetSummary } from '../model/summary.ts';
import { ALERTS_ADDRESS } from '../model/view.ts';
import { useWords } from './page-context.ts';

const SHOWN: readonly { readonly state: AgentState; readonly label: TextKey }[] = [
  { state: 'up', label: 'summaryUp' },
  { state: 'degraded', label: 'summaryDegraded' },
  { state: 'late', label: 'summaryLate' },
  { state: 'down', label: 'summaryDown' },
];

interface SummaryStripProps {
  readonly summary: FleetSummary;
  /** The state that the table is narrowed to. */
  readonly chosen: AgentState | undefined;
  readonly onChoose: (state: AgentState | undefined) => void;
}

/** The fleet in seven numbers; the four states narrow the table to themselves, the alerts lead to all of them. */
export function SummaryStrip({ summary, chosen, onChoose }: SummaryStripProps) {
  const words = useWords();
  return (
    <section class="summary" aria-label={words.say('summary')}>
      <div class="summary-group">
        {SHOWN.map(({ state, label }) => (
          <button
            key={state}
            type="button"
            class={`tile tile-${state}${summary.byState[state] === 0 ? ' zero' : ''}`}
            aria-pressed={chosen === state}
            onClick={() => onChoose(chosen === state ? undefined : state)}
          >
            <span class="tile-number">{words.number(summary.byState[state])}</span>
            <span class={`tile-label mark mark-${state}`}>
              <span class="dot" aria-hidden="true" />
              {words.say(label)}
            </span>
          </button>
        ))}
      </div>
      <div class="summary-group">
        <Tile label="summaryServers" text={words.number(summary.servers)} />
        <Tile
          label="summaryAlerts"
          text={words.number(summary.openAlerts)}
          zero={summary.openAlerts === 0}
          href={ALERTS_ADDRESS}
        />
        <Tile
          label="summaryWaiting"
          text={words.number(summary.waitingRecords)}
          zero={summary.waitingRecords === 0}
          hint="summaryWaitingHint"
        />
      </div>
    </section>
  );
}

interface TileProps {
  readonly label: TextKey;
  readonly text: string;
  readonly zero?: boolean;
  readonly hint?: TextKey;
  /** Where more of it is shown. */
  readonly href?: string;
}

function Tile({ label, text, zero, hint, href }: TileProps) {
  const words = useWords();
  const inside = (
    <>
      <span class="tile-number">{text}</span>
      <span class="tile-label">{words.say(label)}</span>
    </>
  );
  const looks = `tile${zero ? ' zero' : ''}`;
  if (href !== undefined)
    return (
      <a class={looks} href={href}>
        {inside}
      </a>
    );
  return (
    <div class={looks} title={hint === undefined ? undefined : words.say(hint)}>
      {inside}
    </div>
  );
}
