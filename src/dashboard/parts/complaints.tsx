import { useEffect, useState } from 'preact/hooks';
import { reasonOf } from '../live/api.ts';
import { usePage, useWords } from './page-context.ts';

type Loaded =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'loaded'; readonly complaints: readonly string[] };

/** All that the check has found against a revision, folded away; asked for when it is looked at. */
export function Complaints({ revision }: { readonly revision: string }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  return (
    <details class="elsewhere" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{words.say('complaints')}</summary>
      {open && <Found revision={revision} />}
    </details>
  );
}

function Found({ revision }: { readonly revision: string }) {
  const words = useWords();
  const { api } = usePage();
  const [loaded, setLoaded] = useState<Loaded>({ type: 'loading' });
  useEffect(() => {
    const closing = new AbortController();
    api.revision(revision, closing.signal).then(
      ({ complaints }) => setLoaded({ type: 'loaded', complaints }),
      (error: unknown) => {
        if (!closing.signal.aborted) setLoaded({ type: 'failed', reason: reasonOf(error) });
      },
    );
    return () => closing.abort();
  }, [api, revision]);

  if (loaded.type === 'loading') return <p class="soft">{words.say('complaintsLoading')}</p>;
  if (loaded.type === 'failed') return <p class="soft">{words.say('actionFailed', { reason: loaded.reason })}</p>;
  if (loaded.complaints.length === 0) return <p class="soft">{words.say('complaintsNone')}</p>;
  return (
    <ul class="complaints" dir="ltr" lang="en">
      {loaded.complaints.map((complaint) => (
        <li key={complaint}>{complaint}</li>
      ))}
    </ul>
  );
}
