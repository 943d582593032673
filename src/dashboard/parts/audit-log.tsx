import { useEffect, useState } from 'preact/hooks';
import type { AuditAnswer, AuditVerdict } from '../../contract/audit.ts';
import { reasonOf } from '../live/api.ts';
import { AUDIT_GROUPS } from '../messages/audit-words.ts';
import { AuditTable } from './audit-table.tsx';
import { usePage, useWords } from './page-context.ts';
import { useRole } from './use-role.ts';

/** So many fit two screens; more are one click away. */
const PAGE_ENTRIES = 50;
/** Searching waits until the reader has stopped typing for so long. */
const TYPING_MS = 300;

/** Who did what: for admins, folded away, and asked for when it is looked at. Others don't see that it is there. */
export function AuditLog() {
  const words = useWords();
  const role = useRole();
  const [open, setOpen] = useState(false);
  if (role !== 'admin') return null;
  return (
    <details class="servers audit" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{words.say('audit')}</h2>
      </summary>
      {open && <Audit />}
    </details>
  );
}

interface Query {
  /** Index into `AUDIT_GROUPS`; absent: everything. */
  readonly group?: number;
  readonly text: string;
  /** The `before` of each page that was turned, the one that is seen last; empty: the newest. */
  readonly turned: readonly number[];
}

type Loaded =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'loaded'; readonly answer: AuditAnswer; readonly query: Query };

function Audit() {
  const words = useWords();
  const { api } = usePage();
  const [query, setQuery] = useState<Query>({ text: '', turned: [] });
  const [loaded, setLoaded] = useState<Loaded>({ type: 'loading' });

  useEffect(() => {
    const closing = new AbortController();
    const load = async () => {
      const { group, text, turned } = query;
      try {
        const answer = await api.audit(
          {
            limit: PAGE_ENTRIES,
            before: turned.at(-1),
            actions: group === undefined ? undefined : AUDIT_GROUPS[group]?.actions,
            text: text.trim() === '' ? undefined : text.trim(),
          },
          closing.signal,
        );
        if (!closing.signal.aborted) setLoaded({ type: 'loaded', answer, query });
      } catch (error) {
        if (!closing.signal.aborted) setLoaded({ type: 'failed', reason: reasonOf(error) });
      }
    };
    const timer = setTimeout(load, query.text === '' ? 0 : TYPING_MS);
    return () => {
      clearTimeout(timer);
      closing.abort();
    };
  }, [api, query]);

  // What stands there while the next is on its way is the page before: it is not turned twice.
  const turning = loaded.type === 'loaded' && loaded.query !== query;
  const next = loaded.type === 'loaded' ? loaded.answer.next : undefined;
  return (
    <div class="audit-log">
      <Verdict />
      <div class="toolbar">
        <select
          aria-label={words.say('auditWhat')}
          value={query.group ?? ''}
          onChange={({ currentTarget: { value } }) =>
            setQuery({ text: query.text, turned: [], ...(value === '' ? {} : { group: Number(value) }) })
          }
        >
          <option value="">{words.say('auditGroupAll')}</option>
          {AUDIT_GROUPS.map(({ key }, index) => (
            <option key={key} value={index}>
              {words.say(key)}
            </option>
          ))}
        </select>
        <input
          type="search"
          maxLength={100}
          aria-label={words.say('auditSearch')}
          placeholder={words.say('auditSearch')}
          value={query.text}
          onInput={(event) => setQuery({ ...query, text: event.currentTarget.value, turned: [] })}
        />
      </div>
      {loaded.type === 'loading' && <p class="soft">{words.say('auditLoading')}</p>}
      {loaded.type === 'failed' && <p class="soft">{words.say('actionFailed', { reason: loaded.reason })}</p>}
      {loaded.type === 'loaded' &&
        (loaded.answer.entries.length === 0 ? (
          <p class="soft">{words.say(next === undefined ? 'auditNone' : 'auditNoneYet')}</p>
        ) : (
          <AuditTable entries={loaded.answer.entries} />
        ))}
      {(next !== undefined || query.turned.length > 0) && (
        <div class="pages">
          <button
            type="button"
            disabled={turning || query.turned.length === 0}
            onClick={() => setQuery({ ...query, turned: query.turned.slice(0, -1) })}
          >
            {words.say('auditNewer')}
          </button>
          <button
            type="button"
            disabled={turning || next === undefined}
            onClick={() => next !== undefined && setQuery({ ...query, turned: [...query.turned, next] })}
          >
            {words.say('auditOlder')}
          </button>
        </div>
      )}
    </div>
  );
}

type Check =
  | { readonly type: 'checking' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'checked'; readonly verdict: AuditVerdict };

/** Whether the log is as it was written, found out anew each time it is opened. */
function Verdict() {
  const words = useWords();
  const { api } = usePage();
  const [check, setCheck] = useState<Check>({ type: 'checking' });
  useEffect(() => {
    const closing = new AbortController();
    api.auditVerdict(closing.signal).then(
      (verdict) => setCheck({ type: 'checked', verdict }),
      (error: unknown) => {
        if (!closing.signal.aborted) setCheck({ type: 'failed', reason: reasonOf(error) });
      },
    );
    return () => closing.abort();
  }, [api]);

  if (check.type === 'checking') return <p class="soft">{words.say('auditChecking')}</p>;
  if (check.type === 'failed') return <p class="soft">{words.say('actionFailed', { reason: check.reason })}</p>;
  const { ok, verified, broken, head } = check.verdict;
  const count = words.number(verified);
  if (ok) {
    return (
      <p class="audit-whole" role="status">
        {words.say('auditWhole', { count })}{' '}
        <span class="soft" title={`${head.seq}:${head.sha256}`}>
          {words.say('auditElsewhere', { command: '\u2066nervesys audit verify\u2069' })}
        </span>
      </p>
    );
  }
  return (
    <div class="problem" role="alert">
      {words.say('auditBroken', { seq: words.number(broken?.seq ?? 0), count })}{' '}
      <bdi dir="ltr" lang="en">
        ({broken?.problem})
      </bdi>
    </div>
  );
}
