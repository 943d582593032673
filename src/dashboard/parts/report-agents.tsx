import { useState } from 'preact/hooks';
import type { AgentFacts } from '../../contract/report-facts.ts';
import { LIGHT_REASON_WORDS, sayShare } from '../messages/report-words.ts';
import { readable } from '../model/readable.ts';
import { LightMark } from './marks.tsx';
import { useWords } from './page-context.ts';

/** The worst come first, so this is where one looks; a thousand more are asked for. */
const AGENTS_FIRST = 12;
const NAME_CHARACTERS_MAX = 60;

/** The lights of the AI agents, the worst first, with what is behind each. */
export function ReportAgents({ agents }: { readonly agents: readonly AgentFacts[] }) {
  const words = useWords();
  const [all, setAll] = useState(false);
  const shown = all ? agents : agents.slice(0, AGENTS_FIRST);
  return (
    <section aria-labelledby="report-agents-title">
      <div class="toolbar">
        <h2 id="report-agents-title">{words.say('reportAgents')}</h2>
        <span class="count">{words.number(agents.length)}</span>
      </div>
      {agents.length === 0 && <p class="nothing">{words.say('reportAgentsNone')}</p>}
      {agents.length > 0 && (
        <ul class="report-agents">
          {shown.map((one) => (
            <li key={`${one.server} ${one.agent_id}`}>
              <LightMark light={one.light} />
              <bdi class="agent-name">{readable(one.agent_id, NAME_CHARACTERS_MAX)}</bdi>
              <bdi dir="ltr" class="soft">
                {one.server}
              </bdi>
              <bdi dir="ltr" class="figure" title={words.say('totalAvailability')}>
                {one.availability === null ? words.say('none') : sayShare(words, one.availability)}
              </bdi>
              <span class="report-why">{sayTrouble(words, one)}</span>
            </li>
          ))}
        </ul>
      )}
      {!all && agents.length > AGENTS_FIRST && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {words.say('reportAgentsAll', { count: words.number(agents.length) })}
        </button>
      )}
    </section>
  );
}

/** "down once, for 14 min; a critical alert". */
function sayTrouble(
  words: ReturnType<typeof useWords>,
  { light_reasons: reasons, seconds, outages }: AgentFacts,
): string {
  const down = seconds.down ?? 0;
  return reasons
    .map((reason) => {
      if (reason === 'down' && down > 0 && outages > 0)
        return `${words.count('reportOutages', outages)}, ${words.say('reportDownFor', { time: words.duration(down) })}`;
      return Object.hasOwn(LIGHT_REASON_WORDS, reason) ? words.say(LIGHT_REASON_WORDS[reason]) : reason;
    })
    .join('; ');
}
