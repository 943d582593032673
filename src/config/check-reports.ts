import { shelfSecretName } from '../contract/reports.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import type { OrchestratorSettings } from './config.ts';
import { type FileComplaints, keyPositionOf, type Located, positionOf } from './located.ts';
import { SHELVES_MAX } from './reports-section.ts';

/** What no single key can tell: two shelves in one place or with one secret, mail in the clear, a language twice. */
export function checkReports(
  { reports }: OrchestratorSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  if (reports === undefined) return;
  const complain = (path: readonly string[], problem: string, remedy: string) =>
    complaints.add(
      (path.length === 2 ? keyPositionOf : positionOf)(root, ['reports', ...path]),
      ['reports', ...path].join('.'),
      problem,
      remedy,
    );
  const { shelves, languages } = reports;
  if (shelves.length > SHELVES_MAX)
    complain(['shelves'], `has ${shelves.length} shelves`, `use at most ${SHELVES_MAX}`);
  if (new Set(languages).size < languages.length) complain(['languages'], 'names a language twice', 'name each once');
  const places = new Map<string, string>();
  const secrets = new Map<string, string>();
  for (const shelf of shelves) {
    const { name, type } = shelf;
    if (shelf.languages !== languages && new Set(shelf.languages).size < shelf.languages.length)
      complain(['shelves', name, 'languages'], 'names a language twice', 'name each once');
    const place = placeOf(shelf);
    const other = place === undefined ? undefined : places.get(place);
    if (other !== undefined)
      complain(['shelves', name], `is the same place as ${other}`, 'use one shelf, with the languages of both');
    if (place !== undefined) places.set(place, name);
    if (type !== 'email') continue;
    const variable = shelfSecretName(name);
    const twin = secrets.get(variable);
    if (twin !== undefined)
      complain(
        ['shelves', name],
        `and ${twin} would both read ${variable}`,
        'use names that differ in more than - and _',
      );
    secrets.set(variable, name);
    if (shelf.tls === 'none' && !isLoopbackHost(shelf.host))
      complain(
        ['shelves', name, 'tls'],
        'is none: reports and the password would travel readable',
        'use starttls or implicit',
      );
    const doubled = shelf.to.find((address, index) => shelf.to.indexOf(address) !== index);
    if (doubled !== undefined) complain(['shelves', name, 'to'], `names ${doubled} twice`, 'name each address once');
  }
}

/** Two shelves with the same one would fight over each file; mail has none. */
function placeOf(shelf: NonNullable<OrchestratorSettings['reports']>['shelves'][number]): string | undefined {
  switch (shelf.type) {
    case 'folder':
      return `folder ${shelf.path ?? ''}`;
    case 'archive':
      return 'archive';
    case 'drive':
      return `drive ${shelf.folderId ?? ''} ${shelf.subject ?? ''}`;
    case 'email':
      return undefined;
    default:
      return shelf satisfies never;
  }
}
