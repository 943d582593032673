import { useMemo } from 'preact/hooks';
import type { AlertDetail } from '../../contract/fleet.ts';
import type { AgentState } from '../../contract/heartbeat.ts';
import { sayReason } from '../messages/reasons.ts';
import type { TextKey, Words } from '../messages/words.ts';
import { type KnownFact, readAlertFacts } from '../model/alert-facts.ts';
import { readable } from '../model/readable.ts';
import { Revision, STATE_WORDS } from './marks.tsx';
import { useWords } from './page-context.ts';

const FACT_WORDS: Readonly<Record<KnownFact, TextKey>> = {
  state: 'columnState',
  reason: 'factReason',
  since: 'alertSince',
  rule: 'alertRule',
  description: 'alertDescription',
  verdict: 'alertVerdict',
  confidence: 'alertConfidence',
  model: 'alertModel',
  value: 'alertValue',
  limit: 'alertLimit',
  message: 'alertMessage',
  hint: 'alertHint',
  code: 'alertCode',
  hits: 'alertHits',
  tags: 'alertTags',
  latest_agent: 'alertLatestAgent',
  absent_since: 'alertAbsentSince',
  revision: 'alertRevision',
  previous: 'rolloutBefore',
  channel: 'alertChannel',
  route: 'alertRoute',
  attempts: 'alertAttempts',
  address: 'alertAddress',
  lost_records: 'alertLostRecords',
};

const KIND_LENGTH_MAX = 100;

/** Why there is an alert: what its detail tells, in words where the page has them, and else under its own name. */
export function AlertFacts({ alert }: { readonly alert: AlertDetail }) {
  const words = useWords();
  const { known, others, more } = useMemo(() => readAlertFacts(alert.detail), [alert.detail]);
  return (
    <section>
      <h2>{words.say('alertDetails')}</h2>
      <dl class="alert-facts">
        <dt>{words.say('alertKind')}</dt>
        <dd>
          <bdi dir="ltr" class="mono">
            {readable(alert.kind, KIND_LENGTH_MAX)}
          </bdi>
        </dd>
        {known.map(({ name, text }) => (
          <KnownOne key={name} name={name} text={text} words={words} />
        ))}
        {others.map(({ name, text }) => (
          <>
            <dt class="mono">
              <bdi dir="ltr">{name}</bdi>
            </dt>
            <dd>
              <bdi>{text}</bdi>
            </dd>
          </>
        ))}
      </dl>
      {more > 0 && <p class="soft">{words.count('andMore', more)}</p>}
    </section>
  );
}

function KnownOne({ name, text, words }: { readonly name: KnownFact; readonly text: string; readonly words: Words }) {
  return (
    <>
      <dt>{words.say(FACT_WORDS[name])}</dt>
      <dd>
        {name === 'revision' || name === 'previous' ? (
          <Revision name={text} />
        ) : (
          <bdi>{sayFact(words, name, text)}</bdi>
        )}
      </dd>
    </>
  );
}

function sayFact(words: Words, name: KnownFact, text: string): string {
  switch (name) {
    case 'reason':
      return sayReason(words, text);
    case 'state':
      return isAgentState(text) ? words.say(STATE_WORDS[text]) : text;
    case 'since':
    case 'absent_since':
      return words.moment(text);
    case 'hits':
    case 'attempts':
    case 'lost_records':
      return Number.isFinite(Number(text)) ? words.number(Number(text)) : text;
    default:
      return text;
  }
}

function isAgentState(text: string): text is AgentState {
  return Object.hasOwn(STATE_WORDS, text);
}
