import { useEffect, useState } from 'preact/hooks';
import { usePage } from './page-context.ts';

/** The role of who is signed in; `undefined` until it is known. What to show hangs on it, never what is allowed: that is the orchestrator's to say. */
export function useRole(): string | undefined {
  const { api } = usePage();
  const [role, setRole] = useState<string>();
  useEffect(() => {
    const closing = new AbortController();
    api.session(closing.signal).then(
      (session) => setRole(session.role),
      () => undefined, // the page says by itself that it has lost its orchestrator, or nobody is signed in
    );
    return () => closing.abort();
  }, [api]);
  return role;
}
