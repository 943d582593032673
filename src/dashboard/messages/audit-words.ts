import type { AuditAction, AuditActorType } from '../../contract/audit.ts';
import type { TextKey } from './words.ts';

/** What each thing that is told is called; the compiler keeps it whole. */
export const ACTION_WORDS: Readonly<Record<AuditAction, TextKey>> = {
  sign_in: 'auditSignIn',
  'sign_in_link.created': 'auditSignInLink',
  'sessions.ended': 'auditSessionsEnded',
  'person.added': 'auditPersonAdded',
  'person.role': 'auditPersonRole',
  'person.password': 'auditPersonPassword',
  'person.removed': 'auditPersonRemoved',
  'key.created': 'auditKeyCreated',
  'key.revoked': 'auditKeyRevoked',
  'token.created': 'auditTokenCreated',
  'token.revoked': 'auditTokenRevoked',
  'server.enrolled': 'auditServerEnrolled',
  'server.revoked': 'auditServerRevoked',
  'server.rotation_asked': 'auditServerRotation',
  'server.retired': 'auditRetired',
  'server.reinstated': 'auditReinstated',
  'agent.retired': 'auditRetired',
  'agent.reinstated': 'auditReinstated',
  'agent.upgrade_asked': 'auditUpgradeAsked',
  'agent.upgrade_cancelled': 'auditUpgradeCancelled',
  'agent.upgraded': 'auditUpgraded',
  'credentials.issued': 'auditCredentialsIssued',
  'config.rollout_paused': 'auditRolloutPaused',
  'config.rollout_resumed': 'auditRolloutResumed',
  'config.rolled_back': 'auditRolledBack',
  'config.halted': 'auditRolloutHalted',
  'backup.asked': 'auditBackupAsked',
  'database.restored': 'auditDatabaseRestored',
  'logs.expiry_asked': 'auditLogsExpiryAsked',
  'logs.expired': 'auditLogsExpired',
  'report.asked': 'auditReportAsked',
  'report.sent_again': 'auditReportSentAgain',
  'alert.acknowledged': 'auditAlertAcknowledged',
  'alert.resolved': 'auditAlertResolved',
  'template.marked': 'auditTemplateMarked',
  'template.unmarked': 'auditTemplateUnmarked',
  'silence.created': 'auditSilenceCreated',
  'silence.ended': 'auditSilenceEnded',
  'channel.tested': 'auditChannelTested',
  'sign_in.refused': 'auditSignInRefused',
  'sign_in.held_up': 'auditSignInHeldUp',
  'access.refused': 'auditAccessRefused',
  'key.unknown': 'auditKeyUnknown',
  'key.revoked_used': 'auditKeyRevokedUsed',
  'enrolment.refused': 'auditEnrolmentRefused',
  'upload.refused': 'auditUploadRefused',
  'many.refused': 'auditManyRefused',
};

export const ACTOR_WORDS: Readonly<Record<AuditActorType, TextKey>> = {
  person: 'auditPerson',
  api_key: 'auditApiKey',
  agent: 'auditAgent',
  token: 'auditToken',
  unknown: 'auditUnknown',
  system: 'auditSystem',
};

/** What a reader may narrow the list down to; refusals first, for they are what one looks for. */
export const AUDIT_GROUPS: readonly { readonly key: TextKey; readonly actions: readonly AuditAction[] }[] = [
  {
    key: 'auditGroupRefusals',
    actions: [
      'sign_in.refused',
      'sign_in.held_up',
      'access.refused',
      'key.unknown',
      'key.revoked_used',
      'enrolment.refused',
      'upload.refused',
      'many.refused',
    ],
  },
  { key: 'auditGroupSignIns', actions: ['sign_in', 'sign_in_link.created', 'sessions.ended'] },
  {
    key: 'auditGroupServers',
    actions: [
      'token.created',
      'token.revoked',
      'server.enrolled',
      'server.revoked',
      'server.rotation_asked',
      'server.retired',
      'server.reinstated',
      'agent.retired',
      'agent.reinstated',
      'agent.upgrade_asked',
      'agent.upgrade_cancelled',
      'agent.upgraded',
      'credentials.issued',
      'config.rollout_paused',
      'config.rollout_resumed',
      'config.rolled_back',
      'config.halted',
      'backup.asked',
      'database.restored',
      'logs.expiry_asked',
      'logs.expired',
      'report.asked',
      'report.sent_again',
    ],
  },
  {
    key: 'auditGroupPeople',
    actions: ['person.added', 'person.role', 'person.password', 'person.removed', 'key.created', 'key.revoked'],
  },
  {
    key: 'auditGroupAlerts',
    actions: [
      'alert.acknowledged',
      'alert.resolved',
      'silence.created',
      'silence.ended',
      'channel.tested',
      'template.marked',
      'template.unmarked',
    ],
  },
];

const REFUSALS: ReadonlySet<string> = new Set(AUDIT_GROUPS[0]!.actions);

/** Whether something was tried that wasn't allowed. */
export function isRefusal(action: string): boolean {
  return REFUSALS.has(action);
}

/** `undefined` for what a newer orchestrator tells. */
export function actionKey(action: string): TextKey | undefined {
  return Object.hasOwn(ACTION_WORDS, action) ? ACTION_WORDS[action as AuditAction] : undefined;
}
