import { useEffect, useRef, useState } from 'preact/hooks';
import type { AlertDetail, FleetAgent } from '../../contract/fleet.ts';
import { reasonOf } from '../live/api.ts';
import { type ArchivedLines, readArchivedLines } from '../live/archive-lines.ts';
import { agentKey } from '../model/fleet-model.ts';
import { LogLines } from './log-lines.tsx';
import { usePage, useWords } from './page-context.ts';

/** By then a line has reached the archive as a rule (DESIGN 4.5: longer than that is a trouble of its own). */
const ARCHIVED_AFTER_MS = 30 * 60_000;

type Asked =
  | { readonly type: 'idle' }
  | { readonly type: 'asking' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'found'; readonly lines: ArchivedLines; readonly number: number };

interface LinesAroundProps {
  readonly alert: AlertDetail;
  readonly agents: ReadonlyMap<string, FleetAgent>;
}

/** The lines before and after an alert, out of the archive: asked for when somebody wants them, as they may come from far away. */
export function LinesAround({ alert, agents }: LinesAroundProps) {
  const words = useWords();
  const { api } = usePage();
  const [asked, setAsked] = useState<Asked>({ type: 'idle' });
  const closing = useRef(new AbortController());
  const number = useRef(0);
  useEffect(() => () => closing.current.abort(), []);

  const ask = async () => {
    if (asked.type === 'asking') return;
    setAsked({ type: 'asking' });
    const { signal } = closing.current;
    try {
      const lines = await readArchivedLines(api, alert, signal);
      number.current += 1;
      if (!signal.aborted) setAsked({ type: 'found', lines, number: number.current });
    } catch (error) {
      if (!signal.aborted) setAsked({ type: 'failed', reason: reasonOf(error) });
    }
  };

  const isAgain = asked.type === 'found' || asked.type === 'failed';
  return (
    <section class="lines-around">
      <h2>{words.say('alertLinesAround')}</h2>
      <div role="status">
        {asked.type === 'asking' && <p class="soft">{words.say('alertLinesAsking')}</p>}
        {asked.type === 'found' && <Missing alert={alert} agents={agents} lines={asked.lines} />}
      </div>
      {asked.type === 'failed' && (
        <p class="problem" role="alert">
          {words.say('actionFailed', { reason: asked.reason })}
        </p>
      )}
      {asked.type === 'found' && <Found key={asked.number} lines={asked.lines} />}
      <button type="button" aria-disabled={asked.type === 'asking'} onClick={ask}>
        {words.say(isAgain ? 'alertLinesAgain' : 'alertLinesAsk')}
      </button>
    </section>
  );
}

function Found({ lines: { before, after } }: { readonly lines: ArchivedLines }) {
  const words = useWords();
  const lines = [...before, ...after];
  if (lines.length === 0) return null;
  return (
    <LogLines
      label={words.say('alertLinesAround')}
      lines={lines}
      divider={{ at: before.length, text: words.say('alertToldHere') }}
    />
  );
}

interface MissingProps extends LinesAroundProps {
  readonly lines: ArchivedLines;
}

/** What isn't there, and whether it is to come. */
function Missing({ alert, agents, lines: { before, after, moreAfter } }: MissingProps) {
  const words = useWords();
  const { live } = usePage();
  if (after.length > 0) return moreAfter ? <p class="soft">{words.say('alertLinesMore')}</p> : null;
  const agent =
    alert.agent_id === null ? undefined : agents.get(agentKey({ agent_id: alert.agent_id, server: alert.server }));
  const isToCome =
    live.now() - Date.parse(alert.last_at) < ARCHIVED_AFTER_MS || (agent !== undefined && agent.backlog_records > 0);
  if (isToCome) return <p class="note">{words.say('alertLinesNotYet')}</p>;
  return <p class="soft">{words.say(before.length === 0 ? 'alertLinesNone' : 'alertLinesNoneAfter')}</p>;
}
