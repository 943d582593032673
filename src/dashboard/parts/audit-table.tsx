import type { AuditEntry } from '../../contract/audit.ts';
import { ACTOR_WORDS, actionKey, isRefusal } from '../messages/audit-words.ts';
import { readAuditDetail } from '../model/audit-detail.ts';
import { useWords } from './page-context.ts';

/** One page of the audit log, as it came: newest first. On a narrow screen each entry is a block of its own. */
export function AuditTable({ entries }: { readonly entries: readonly AuditEntry[] }) {
  const words = useWords();
  return (
    <table class="audit-table">
      <thead>
        <tr>
          <th scope="col">{words.say('auditWhen')}</th>
          <th scope="col">{words.say('auditWho')}</th>
          <th scope="col">{words.say('auditWhat')}</th>
          <th scope="col">{words.say('auditFrom')}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <Entry key={entry.seq} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

/** All of it is text that somebody else may have chosen; a name keeps its own direction. */
function Entry({ entry }: { readonly entry: AuditEntry }) {
  const words = useWords();
  const { seq, at, actor_type: type, actor, action, subject, address } = entry;
  const key = actionKey(action);
  const { more, facts } = readAuditDetail(entry.detail);
  return (
    <tr class={isRefusal(action) ? 'refused' : ''}>
      <td class="audit-when">
        <time dateTime={at} title={`${seq} · ${at}`}>
          {words.moment(at)}
        </time>
      </td>
      <td class="audit-who">
        <span class="soft">{Object.hasOwn(ACTOR_WORDS, type) ? words.say(ACTOR_WORDS[type]) : type}</span>{' '}
        {actor !== null && <bdi dir="ltr">{actor}</bdi>}
      </td>
      <td class="audit-what">
        <span class="audit-action">{key === undefined ? <bdi dir="ltr">{action}</bdi> : words.say(key)}</span>{' '}
        {subject !== null && subject !== actor && <bdi dir="ltr">{subject}</bdi>}
        {more !== undefined && <span class="audit-more">{words.count('auditMore', more)}</span>}
        {facts.length > 0 && (
          <small dir="ltr" lang="en">
            {facts.join(' · ')}
          </small>
        )}
      </td>
      <td class="audit-from">{address !== null && <bdi dir="ltr">{address}</bdi>}</td>
    </tr>
  );
}
