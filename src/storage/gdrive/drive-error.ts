import { NervesysError } from '../../platform/errors.ts';
import type { DriveCredential } from './drive-credential.ts';
import type { DriveFailure } from './drive-failure.ts';

/** Who asked where, for hints. */
export interface DriveAsker {
  readonly credential: DriveCredential;
  /** The person as whom the service account acts. */
  readonly subject: string | undefined;
  readonly scope: string;
  readonly folderId: string | undefined;
}

type Meaning = readonly [code: string, hint: string];

/** What a failure means to people: its code, and what somebody has to do. `attempt` says what was tried. */
export function driveError(attempt: string, failure: DriveFailure, asker: DriveAsker): NervesysError {
  const { status, reason, networkCode, retryAfterMs } = failure;
  const [code, hint] = meaningOf(failure, asker);
  const said = failure.message === '' ? '' : `: ${failure.message}`;
  const found =
    status === undefined
      ? networkCode === 'ETIMEDOUT'
        ? 'Google did not answer in time'
        : `Google could not be reached (${networkCode})`
      : `Google answered ${status}${reason === '' || failure.message.startsWith(reason) ? '' : ` ${reason}`}${said}`;
  return new NervesysError(code, `${attempt}: ${found}`, {
    retryable: code === 'NSV_SHELF_BUSY' || code === 'NSV_SHELF_UNREACHABLE',
    hint,
    facts: {
      ...(status === undefined ? { networkCode } : { status }),
      ...(reason === '' ? {} : { reason }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
}

function meaningOf(failure: DriveFailure, asker: DriveAsker): Meaning {
  const { status, reason } = failure;
  if (status === undefined)
    return [
      'NSV_SHELF_UNREACHABLE',
      'check that this machine may reach googleapis.com; reports wait and are sent again',
    ];
  if (failure.passes) return ['NSV_SHELF_BUSY', 'nothing to do: it is sent again'];
  if (failure.isSignIn) return signInMeaning(failure, asker);
  const known = meaningOfReason(reason, asker);
  if (known !== undefined) return known;
  if (status === 401) return ['NSV_SHELF_SIGN_IN', renewal(asker)];
  if (status === 403) return ['NSV_SHELF_DENIED', access(asker)];
  // The folder of the settings is looked at before, and says so itself: this was something below it, since thrown away.
  if (status === 404) return ['NSV_SHELF_BUSY', 'nothing to do: what was taken away meanwhile is made anew'];
  return ['NSV_SHELF_REJECTED', 'read what Google says; the file is kept and can be fetched from the reports page'];
}

function meaningOfReason(reason: string, asker: DriveAsker): Meaning | undefined {
  switch (reason) {
    case 'storageQuotaExceeded':
    case 'quotaExceeded':
      return [
        'NSV_SHELF_FULL',
        ownsNothing(asker)
          ? 'a service account has no storage of its own: use a folder in a Shared Drive, or let it act as a person (subject)'
          : 'make room in this Drive (its trash counts too), or use a folder in a Shared Drive',
      ];
    case 'teamDriveFileLimitExceeded':
    case 'numChildrenInNonRootLimitExceeded':
    case 'activeItemCreationLimitExceeded':
      return ['NSV_SHELF_FULL', 'it holds as many items as Google allows: take old ones away, or use another folder'];
    case 'teamDriveHierarchyTooDeep':
      return ['NSV_SHELF_REJECTED', 'the folder lies too deep: use one further up'];
    case 'dailyLimitExceeded':
      return ['NSV_SHELF_BUSY', 'the project’s quota of requests is used up for today; it is sent again'];
    case 'accessNotConfigured':
      return ['NSV_SHELF_DENIED', 'switch on the Google Drive API in the Google Cloud project of this credential'];
    case 'insufficientPermissions':
      return ['NSV_SHELF_DENIED', `the consent does not cover this: give it the scope ${asker.scope}`];
    case 'domainPolicy':
    case 'appNotAuthorizedToFile':
    case 'cannotShareTeamDriveWithNonGoogleAccounts':
      return ['NSV_SHELF_DENIED', 'the rules of this Workspace keep it out: its administrator has to allow it'];
    default:
      return undefined;
  }
}

function signInMeaning({ reason, message }: DriveFailure, asker: DriveAsker): Meaning {
  const { credential, subject, scope } = asker;
  if (reason === 'invalid_grant' && /short-lived|timeframe/i.test(message))
    return ['NSV_SHELF_SIGN_IN', 'this machine’s clock is wrong: set it (NTP)'];
  if (subject !== undefined && (reason === 'unauthorized_client' || reason === 'access_denied')) {
    const client = credential.type === 'service_account' ? (credential.clientId ?? credential.email) : '';
    return [
      'NSV_SHELF_SIGN_IN',
      `an administrator has to allow domain-wide delegation for client ${client} with the scope ${scope} (admin.google.com, Security, API controls)`,
    ];
  }
  return ['NSV_SHELF_SIGN_IN', renewal(asker)];
}

function renewal({ credential, subject }: DriveAsker): string {
  if (credential.type === 'authorized_user')
    return 'the person has to consent anew, and the new file takes the place of the old; consent to an app in status Testing ends after 7 days: publish it';
  if (subject !== undefined) return `does ${subject} still exist, and is the key of the service account still good?`;
  return 'the key of the service account was deleted or disabled: make a new one, and put it in the place of the old';
}

/** What lets the credential see and fill the folder. */
export function access({ credential, subject, folderId }: DriveAsker): string {
  const who = credential.type === 'service_account' ? (subject ?? credential.email) : 'the person who consented';
  if (folderId === undefined) return `may ${who} use Drive?`;
  if (credential.type === 'authorized_user')
    return 'is the id right, and may the person who consented write there? A consent to drive.file alone sees no folder that people made: leave folder_id out, or consent to drive';
  return `share it with ${who} as Content manager (of a Shared Drive: Manage members), or correct folder_id`;
}

/** Whether what it makes outside of Shared Drives would count against no storage at all. */
export function ownsNothing({ credential, subject }: DriveAsker): boolean {
  return credential.type === 'service_account' && subject === undefined;
}
