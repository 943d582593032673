/** What an entry's detail says, ready to be shown. */
export interface AuditDetail {
  /** How often the same came after the entry before; absent: it is one. */
  readonly more: number | undefined;
  /** `role: admin`, in the order of the entry. */
  readonly facts: readonly string[];
}

/** Reads the JSON of an entry's detail. What is none is shown as it is: the log is evidence, and nothing of it is hidden. */
export function readAuditDetail(text: string): AuditDetail {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { more: undefined, facts: [text] };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { more: undefined, facts: [text] };
  const { more, ...others } = value as Readonly<Record<string, unknown>>;
  const isCount = typeof more === 'number';
  const shown = isCount || more === undefined ? others : { ...others, more };
  return {
    more: isCount ? more : undefined,
    facts: Object.entries(shown)
      .filter(([, fact]) => fact !== null)
      .map(([name, fact]) => `${name}: ${typeof fact === 'string' ? fact : JSON.stringify(fact)}`),
  };
}
