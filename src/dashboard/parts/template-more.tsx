import { useEffect, useState } from 'preact/hooks';
import type { TemplateDetail } from '../../contract/fleet-templates.ts';
import { reasonOf } from '../live/api.ts';
import { readable } from '../model/readable.ts';
import { usePage, useWords } from './page-context.ts';
import { Correction } from './template-correction.tsx';
import { Levels } from './template-levels.tsx';

/** Past this nobody reads on; the API has all of it. */
const ROWS_MAX = 14;
const NAME_LENGTH_MAX = 50;

type Loaded =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'loaded'; readonly detail: TemplateDetail };

interface TemplateMoreProps {
  readonly id: string;
  /** What is told is asked for anew when it changes. */
  readonly mark: string | null;
}

/** Who said what of a template, and which AI agents wrote its lines on which days. */
export function TemplateMore({ id, mark }: TemplateMoreProps) {
  const words = useWords();
  const { api } = usePage();
  const [loaded, setLoaded] = useState<Loaded>({ type: 'loading' });
  useEffect(() => {
    const closing = new AbortController();
    api.template(id, closing.signal).then(
      (detail) => setLoaded({ type: 'loaded', detail }),
      (error: unknown) => {
        if (!closing.signal.aborted) setLoaded({ type: 'failed', reason: reasonOf(error) });
      },
    );
    return () => closing.abort();
  }, [api, id, mark]);

  if (loaded.type === 'loading') return <p class="soft">{words.say('templatesLoading')}</p>;
  if (loaded.type === 'failed') return <p class="problem">{words.say('actionFailed', { reason: loaded.reason })}</p>;
  const { correction, agents, days, score } = loaded.detail;
  return (
    <div class="template-more">
      {correction !== null && <Correction correction={correction} />}
      <dl class="facts">
        <div class="fact">
          <dt>{words.say('templateScore')}</dt>
          <dd>{words.number(score, 2)}</dd>
        </div>
        <div class="fact">
          <dt>{words.say('templateId')}</dt>
          <dd>
            <bdi dir="ltr" class="mono">
              {id}
            </bdi>
          </dd>
        </div>
      </dl>
      <div class="template-counts">
        <table>
          <caption>{words.say('templateByAgent')}</caption>
          <tbody>
            {agents.slice(0, ROWS_MAX).map(({ agent_id: agentId, level_counts: counts }) => (
              <tr key={agentId}>
                <th scope="row">
                  <bdi>{readable(agentId, NAME_LENGTH_MAX)}</bdi>
                </th>
                <td>
                  <Levels counts={counts} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <table>
          <caption>{words.say('templateByDay')}</caption>
          <tbody>
            {days.slice(-ROWS_MAX).map(({ day, level_counts: counts }) => (
              <tr key={day}>
                <th scope="row" class="template-day">
                  <bdi dir="ltr">{day}</bdi>
                </th>
                <td>
                  <Levels counts={counts} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
