/**
 * What agent and orchestrator say of themselves with each request, beside the key: which contract they speak, and which process
 * this is. Headers, so that it is known before a body is read.
 */
export const CONTRACT_HEADER = 'nervesys-contract';
export const INCARNATION_HEADER = 'nervesys-incarnation';
export const BOOT_HEADER = 'nervesys-boot';

/** Grows when an older peer would misunderstand us. Fields that are only added don't count. An agent that says nothing speaks 1. */
export const CONTRACT_VERSION = 1;
/** The oldest contract that an orchestrator of this build still serves. */
export const CONTRACT_VERSION_LEAST = 1;

/** A process of an agent on one boot of its host: 16 random hex digits, new at each start. */
export const INCARNATION_PATTERN = /^[0-9a-f]{16}$/;
export const BOOT_ID_PATTERN = /^[0-9A-Za-z-]{1,100}$/;

/** A clock this far off makes times in records misleading, and from 15 minutes on S3 refuses what it signs. */
export const CLOCK_SKEW_MS_WARNING = 300_000;
