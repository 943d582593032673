import { useEffect, useState } from 'preact/hooks';
import { usePage } from './page-context.ts';

/** The role of who is signed in; `undefined` until it is known, empty where it can't be. What to show hangs on it, never what is allowed: that is the orchestrator's to say. */
export function useRole(): string | undefined {
  const { api } = usePage();
  const [role, setRole] = useState<string>();
  useEffect(() => {
    const closing = new AbortController();
    api.session(closing.signal).then(
      (session) => setRole(session.role ?? ''),
      () => {
        if (!closing.signal.aborted) setRole(''); // the page says by itself that it has lost its orchestrator, or nobody is signed in
      },
    );
    return () => closing.abort();
  }, [api]);
  return role;
}

/** Whether who is signed in may steer and silence. */
export function isOperator(role: string | undefined): boolean {
  return role === 'operator' || role === 'admin';
}
