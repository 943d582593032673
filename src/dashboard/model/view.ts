/** What the page shows. It stands in the address behind `#`, so that it can be linked to and the browser's way back works. */
export type View =
  | { readonly type: 'fleet' }
  | { readonly type: 'configuration' }
  | { readonly type: 'alerts' }
  | { readonly type: 'templates' }
  | { readonly type: 'alert'; readonly id: string };

export const CONFIGURATION_ADDRESS = '#configuration';
export const FLEET_ADDRESS = '#';
export const ALERTS_ADDRESS = '#alerts';
export const TEMPLATES_ADDRESS = '#templates';

/** Messages to people link here: it stays as it is. */
export function alertAddress(id: string): string {
  return `${ALERTS_ADDRESS}/${id}`;
}

/** What an address asks for; the fleet where it asks for nothing that is known. */
export function readView(hash: string): View {
  if (hash === CONFIGURATION_ADDRESS) return { type: 'configuration' };
  if (hash === TEMPLATES_ADDRESS) return { type: 'templates' };
  const [address, id] = hash.split('/', 2);
  if (address !== ALERTS_ADDRESS) return { type: 'fleet' };
  return id !== undefined && /^\d{1,15}$/.test(id) ? { type: 'alert', id } : { type: 'alerts' };
}
