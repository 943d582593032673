import type { Lexicon } from '../classes.ts';
import { CONN, ERR, FAIL, UNIT } from './words.ts';

/** The plain words of trouble: whether they matter, the level and the rest of the line decide. */
export const PLAIN = {
  connectivity: `
    prematurely closed|ended|terminated|reset
    closed|ended|terminated|reset ~ prematurely
    returns|returned|answers|answered|gives|gave|got 500|502|503|504 @0.7
    no route
    no route to host
    network ~ unreachable|down|unavailable
    host|destination ~ unreachable|down
    connection|connect|connections ~ refused|failed|failure|lost|broken|dropped|aborted|timeout|error
    connection ~ reset @0.5
    reset by peer @0.4
    connection reset by peer @0.5
    closed by ~ peer|host|client @0.3
    connection|connect|connecting ~ timed
    ${CONN} ~ lost|broken|dropped|severed|failed|failure|error|errors|down|aborted|interrupted
    ${CONN} refused
    ${CONN} reset @0.5
    lost|losing|loses ~ connection|connectivity|contact|communication|link|session|peer
    loss of ~ connection|connectivity|communication|link|contact
    disconnected unexpectedly|abnormally
    unexpectedly disconnected|closed
    closed|close|disconnect|disconnected unexpectedly|prematurely
    ${FAIL} ~ connect|reach|contact|communicate
    unable|cannot|could ~ connect|reach|contact|communicate|bind|listen
    ${FAIL}|unable|cannot|could ~ resolve|lookup @0.7
    ${ERR} ~ connecting|communicating|contacting
    broken pipe
    socket error|closed ~ error
    socket ~ error
    econnrefused
    econnreset @0.5
    ehostunreach
    enetunreach
    enotfound @0.8
    etimedout
    unknown host
    name resolution|lookup failed|failure
    temporary failure in name
    dns ~ failed|failure|timeout
    bad|unexpected ~ packet|message prefix @0.7
    handshake ~ failed|failure|timeout|error
    tls|ssl error|alert|failure
    socket|stream|control ~ closed|reset ~ unexpectedly
    failed ~ read|write|receive|send ~ socket|stream|control|network|prefix|peer
    peer ~ lost|gone|unreachable|dead|reset
    cannot assign requested address
    address already in use
    not connected @0.5
    never reached
    error receiving|sending ~ packet|packets|data|message
    unable ~ talk
  `,
  fatal: `
    fatal
    critical
    critically
    severe
    emergency
    emerg
    catastrophic
    disaster
    disastrous
    alarm|alarms @0.8
    alert|alerts @0.4
    danger|dangerous
    serious|seriously @0.7
    violently
  `,
  failure: `
    # of # ~ ${FAIL}|down|lost|missing|unreachable|dead|offline|wrong|broken|red|gone @1.3
    differ|differs @0.6
    unexpectedly
    in vain
    to no avail
    bricked
    collapsed|collapse
    halfway|midway @0.5
    lost
    losing @0.8
    ${FAIL}
    has|have|was|were|is|are failed @1.2
    failed to @1.1
    fails to
    failure to
    failed with ~ error|code|status|exception
    failed because|due|after @1.2
    start|startup|mount|boot|job|task|build|deploy|deployment|migration|backup|upgrade|initialization|transaction|commit|write|read|sync|update|election|failover|checkpoint|compaction|fsync|flush|save failed|failure @1.2
    unsuccessful|unsuccessfully
    did|do|was|were not succeed|complete|finish
    not succeed
    no success
    went wrong
    going wrong
    malformed @0.4
    botched
    breakdown
    broken
    breaks @0.5
    trouble @0.7
    problem|problems @0.6
    issue|issues @0.3
    misconfigured|misconfiguration @0.8
    mismatch @0.6
    incomplete @0.5
  `,
  inability: `
    do|does|did not @0.7
    doesnt|dont|didnt|wont @0.7
    cannot|cant|unable|could|couldnt|failed|fails|failure ~ device|volume|disk|database|port|socket|memory|journal|kernel|root|superblock|block|cluster|storage|master|controller|leader|checkpoint|filesystem|interface|network|daemon|server @1.5
    cannot
    can not
    cant
    could not
    couldnt
    unable
    unable to
    not able
    impossible
    not possible
    not permitted
    wont|cant start|boot|run|work|function|load|open|mount
    will not start|boot|run|work|function|load|open|mount
    refused|refuses|refusing to @0.8
    doesnt|does not work|start|function
    not working
    cannot|unable|could ~ start|open|load|write|read|mount|create|find|allocate|execute|run|access|get|save|commit|fork|spawn @1.2
    unusable
    not start|started @0.6
    inability
    never|not ~ completed|finished|started @0.5
  `,
  error: `
    ${ERR}
    error occurred|encountered|detected|while|during|in|on|from|writing|reading @1.1
    errors occurred|encountered|detected|while|during @1.1
    internal server error @1.2
    internal error @1.1
    exception|exceptions
    throwable
    caused by
    stack trace
    exception while|in|during|occurred|caught @1.1
    erroneous|erroneously
    bug|bugs @0.8
    flaw|flaws @0.5
    system error @1.1
    protocol error @0.9
    syntax error @0.8
    wrong|incorrect|incorrectly @0.5
  `,
  aborted: `
    was|were|been|is|are cut off|short
    switched|turned off ~ because|due|after @1.2
    sacrificed|sacrificing
    torn down
    broke|breaks|broken off
    is|are|was|were|has|have stopped @0.6
    process|application|server|job ~ ends|stops|exits|aborts|leaves @0.7
    abort|aborts|aborted|aborting
    killed
    kill|killing @0.6
    killed by|due|because
    was|were|been|being killed|aborted|terminated|evicted|preempted
    terminated @0.4
    terminating ~ due|because
    cancelled|canceled|cancelling @0.3
    rolled|rolling back @0.4
    rollback @0.4
    interrupted @0.4
    preempted @0.5
    forcibly|forcefully @0.6
    evicted @0.5
    sigkill
    ${FAIL} ~ abort|aborted
  `,
  timeout: `
    is|are # ${UNIT} old @1.2
    timeout|timeouts
    timed out
    time out
    time limit
    deadline exceeded
    deadline
    expired @0.6
    overdue
    too long @0.8
    too slow @0.8
    no progress @1.2
    behind @0.4
    lag|lagging|lags @0.5
    latency @0.3
    slow|slowly|slowness @0.4
    delayed @0.4
    stale @0.4
    not ~ within @0.7
  `,
  refused: `
    declined|declines @0.5
    withdrawn|revoked
    payment required
    turned away
    denied|denies|deny
    permission denied
    access denied
    rejected|rejects|reject|rejecting
    refused
    forbidden
    unauthorized
    unauthenticated
    not authorized
    not allowed
    authentication failed|failure|error
    failed password|login|logon|authentication|auth
    invalid user|password|credentials|token|key
    bad password|credentials|username
    illegal user
    wrong password
    login|logon failed|failure|incorrect
    blocked @0.6
    dropped|drop|dropping @0.6
    throttled|throttling @0.6
    rate limited
    violation|violations|violated @0.8
    prohibited|disallowed
    not in sudoers
    too many requests
  `,
  wrong: `
    missing
    invalid
    unexpected
    unknown @0.6
    unrecognized|unrecognised @0.7
    unsupported @0.7
    not supported|implemented @0.5
    not found|exist|exists
    no such
    does not exist
    doesnt exist
    illegal
    bad @0.9
    undefined @0.5
    null pointer
    out of sync|order|date|bounds
    conflict|conflicts|conflicting
    duplicate|duplicated @0.5
    expired
    unsafe @0.5
    leak|leaked|leaking
    not valid
    not set|defined|configured|specified|given @0.4
    skew
    drift @0.6
    empty @0.2
    obsolete @0.3
    garbage @0.3
    ignored|ignoring|ignore @0.3
    skipped|skipping|skip @0.3
  `,
  warn: `
    warn|warning|warnings
    caution
    attention
    risk
    beware
    watch out
    approaching
    nearing
    nearly|almost ~ full|exhausted
    high ~ usage|load|utilization|latency
    unstable
    flapping
    poor|weak @0.4
  `,
} as const satisfies Partial<Lexicon>;
