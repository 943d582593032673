import { useEffect, useState } from 'preact/hooks';
import { readView, type View } from '../model/view.ts';

/** What the reader has turned to. */
export function useView(): View {
  const [view, setView] = useState(() => readView(location.hash));
  useEffect(() => {
    const turn = () => setView(readView(location.hash));
    addEventListener('hashchange', turn);
    return () => removeEventListener('hashchange', turn);
  }, []);
  return view;
}
