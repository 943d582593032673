import { useEffect, useState } from 'preact/hooks';

/** What the page shows. It stands in the address behind `#`, so that it can be linked to and the browser's way back works. */
export type View = 'fleet' | 'configuration';

export const CONFIGURATION_ADDRESS = '#configuration';
export const FLEET_ADDRESS = '#';

export function useView(): View {
  const [view, setView] = useState(readView);
  useEffect(() => {
    const turn = () => setView(readView());
    addEventListener('hashchange', turn);
    return () => removeEventListener('hashchange', turn);
  }, []);
  return view;
}

function readView(): View {
  return location.hash === CONFIGURATION_ADDRESS ? 'configuration' : 'fleet';
}
