import type { Lexicon } from '../classes.ts';
import { ERR, FAIL, ZERO } from './words.ts';

/** What takes trouble back, or is no news. */
export const RELIEF = {
  retry: `
    not ~ yet @0.8
    lock|locks|latch not available|granted|obtained @1.2
    lock|locks|latch ~ held|busy|taken
    default|defaults|defaulting @0.7
    assumed
    left out
    as is
    is|are|was|were used|taken|chosen ~ instead
    started over
    retry|retries|retried|retrying
    will retry
    will be retried
    trying|try again
    try|trying another|next|other|alternate
    attempt|attempts|attempting @0.5
    attempt # @0.7
    backing off
    backoff
    fallback
    falling|fall back
    fell back
    instead
    reconnecting|reconnect
    temporarily|temporary|transient @0.8
    will wait
    waiting @0.5
    rescheduling|reschedule|rescheduled
    requeue|requeued|requeueing
    ignored|ignoring @0.7
    skipping|skipped @0.6
    using ~ default|instead|short|cached|local|old|previous|builtin|backup|secondary
    assuming
    deferred|defer|deferring @1.2
    postponed|suppressed @0.6
    resent|resend|resending
    continuing|continue @0.6
    soft @0.3
  `,
  resolved: `
    taken|acquired|obtained|sent|delivered|done|succeeded|granted|received|found|written|opened|joined|answered ~ after # ~ tries|attempts|retries|tries @1.2
    caught up|again
    back to|at|in|within ~ full|normal|strength|service|limits|range|green|work|sync @1.2
    recovered|repaired|resent|relearned|rejoined|readmitted
    came|comes|come up|back|online
    dropped|fell|sank back|below|under ~ limit|threshold|mark|again @1.1
    all clear
    false alarm
    errors|error|faults|fault|blocks|bits|packets|sectors ~ recovered|corrected|fixed|healed|repaired|remapped by|with|from|and|in|on @1.5
    errors|error|faults|fault|bits ~ recovered|corrected|fixed|healed|repaired @1.4
    connected|reconnected|reachable|back|established again|after @1.2
    connected|reconnected|established again after # ~ attempt|attempts|tries|retries|seconds @1.5
    connected|reconnected|established after # ~ attempt|attempts|tries|retries|seconds @1.2
    usage|load|temperature|latency|lag|utilization|utilisation|pressure|consumption|level is|now|back|fell|dropped|again below|under|within ~ threshold|limit|limits|watermark|mark @1.2
    usage|load|latency|lag|utilization|utilisation|consumption ~ below|under|within ~ threshold|limit|limits|watermark @1.2
    nothing ~ left over|behind|undone|open|pending @1.2
    alive @0.8
    is|are|was|all again|now well|fine|whole|complete
    compensated|compensating|worked around|workaround|bypassed
    workaround @0.8
    is|are|was|were|and|came|comes back
    back and|in|on|to|online|up
    is|now full again
    full again
    outage|incident|problem|alarm|alert|failure|fault|error|condition|maintenance|redundancy ~ over|cleared|resolved|ended|gone|closed|restored|regained|full
    over now
    answers|working|serving|running|full|reachable|up|available again
    again @0.5
    regained
    handled @0.7
    recovered|recovering|recovers|recovery
    recovered from|after
    successfully recovered
    corrected|correctable|correcting
    corrected ~ error|errors
    error|errors ~ corrected
    detected and corrected
    single bit ~ corrected
    resolved|resolves @0.9
    repaired|healed|fixed|fix|cleared|restored|reestablished
    re established
    reconnected
    back online|up|again|normal|available
    up again
    is up
    is now up|available|reachable|online|healthy|ready|ok|normal|connected|active
    returned to|normal
    available|reachable|healthy|online|alive again
    returned ~ normal|service
    within ~ limits|range|bounds
    no longer
    succeeded|succeeds|success|successful|successfully|succeed
    completed successfully
    passed @0.8
    clean @0.6
    cleanly
    ok @0.8
    okay
    healthy
    normal|normally @0.8
    in sync
    rebuilt
    ended @0.4
  `,
  intended: `
    user|account|admin ~ locked the|his|her|a|screen
    banned|ban|bans|banning|unbanned @0.8
    lease|session|sessions|token|cookie|invitation|code|otp|offer|reservation|hold|ticket|captcha|trial ~ ran|runs|run out @1.1
    lease|session|sessions|token|cookie|invitation|code|otp|offer|reservation|captcha|trial ~ expired|expires|expiring|lapsed @1.1
    terminated|exited|ended|down|stopped|died with|for reason normal|shutdown|done|finished @1.2
    terminated|exited|ended|down|stopped ~ reason normal|shutdown|done @1.2
    paused|cancelled|canceled|withdrawn|postponed|ended|closed|released ~ at|on ~ request|wish|demand @1.2
    logged|signed|checked off|out|in
    said goodbye|bye|farewell
    bye|goodbye
    idle ~ closed|closing|dropped|removed|released|expired|evicted|reaped @1.1
    closed|closing|dropped|removed|released|expired|evicted|reaped ~ idle|unused|inactivity|quiet @1.1
    superseded|replaced|obsoleted by|with @0.8
    no longer needed|wanted|required|used|necessary @1.2
    let go|released
    dismissed|acknowledged|silenced|muted|snoozed by @1.2
    as|like ~ asked|told|wanted|agreed
    expected|provoked|simulated|injected|deliberate|intentional|planned|staged error|exception|failure|crash|rejection was|is thrown|raised|caught|seen|handled @1.6
    expected|provoked|simulated|injected|deliberate|intentional|intended|forced|planned|staged ~ ${ERR}|exception|exceptions|${FAIL}|crash|crashes|panic|timeout|rejection|outage|abort|death @1.6
    ${ERR}|exception|exceptions|failures|crash|crashes|panic|panics|timeouts|deaths|abort|aborts provoked|simulated|injected|staged|induced|caught|expected|survived @1.4
    throws|throw|raises|rejects|fails|crashes|panics when|if|on ~ full|bad|missing|invalid|empty|wrong|closed|down|gone|corrupt|broken @1.2
    without use|activity|traffic|work|visitors
    unused|idle for|since|after
    hung|hangs|hanging|rang up @1.1
    hung up before|after|by|during @1.2
    hungup|hangup
    twin|duplicate|copy|clone|speculative|backup|second|other|attempt ~ killed|cancelled|canceled|stopped|discarded|aborted @1.2
    other|another|original|twin|copy|clone was|is|finished|ended faster|first|sooner|quicker|already @1.5
    surplus|superfluous|redundant|speculative|unneeded|excess ~ killed|stopped|cancelled|removed|terminated @1.2
    disconnected|hung|left|logged|signed|gone after # @0.9
    disconnected|left|gone after # ~ minutes|hours|seconds|min|s|h|ms @1.2
    cancelled|canceled|stopped|killed|aborted|paused|removed|closed|disabled|ended by|at|on ~ user|operator|administrator|admin|owner|hand|request|wish|customer|caller|person|staff|nurse|clerk|author @1.3
    service ~ is|are stopped @0.8
    is|are stopped now @0.8
    received|caught|got|on signal 1|2|15
    signal 15
    exited|exit|exits|ended|finished with 0
    on purpose
    by policy|rule|configuration|design
    as asked|wished|planned|requested
    users|operators wish
    requested by ~ user|operator|administrator|admin|client
    by user|operator|administrator|admin
    on request
    user request|requested
    at ~ request
    shutdown requested
    graceful|gracefully
    orderly
    planned|scheduled|maintenance
    manual|manually @0.7
    clean shutdown|exit
    shutting down @0.6
    shutdown @0.4
    exiting normally
    exited|exit normally|cleanly
    exit|exited ~ code|status 0
    exited with code|status 0
    normal exit|shutdown|termination|completion
    as expected|requested|configured|designed
    expected @0.6
    going down for ~ reboot|maintenance
    received sigterm|sighup|sigint
    stopping @0.6
    stopped @0.5
    closing|closed @0.5
    dry run
    test|tests|testing @0.6
    simulated|simulation
    drill
    disabled @0.6
    terminating @0.6
  `,
  routine: `
    defined|declared
    supports|supported @0.6
    started|starting|starts|start @0.8
    initialized|initializing|initialised|initialising|initialization
    loaded|loading|load @0.7
    registered|registering|register
    listening
    connected|connecting @0.9
    established
    opened|open|opening @0.7
    created|creating|create @0.8
    finished|finishing
    completed|complete|completing
    received|receiving @0.6
    sent|sending @0.6
    processed|processing
    running @0.7
    ready
    enabled|enabling
    configured|configuring|configuration @0.8
    accepted|accepting
    assigned|allocated @0.8
    added|adding|add
    updated|updating|update
    set|setting @0.5
    using @0.6
    got|get|getting @0.5
    fetched|fetching
    saved|saving|stored
    scheduled|submitted|submitting
    mounted|mounting @0.7
    detected|found|discovered @0.5
    changed|changing|change @0.5
    joined|joining
    elected|promoted
    checked|checking|check @0.6
    cleaned|cleaning|cleanup
    deleted|deleting|removed|removing|remove @0.6
    authenticated|logged
    session opened|closed @1.2
    version
    total @0.5
    took @0.6
    info|information @0.5
    statistics|stats|summary @0.7
    begin|beginning|began
    entering|leaving
    selected|switching
    downloaded|uploaded|installed|upgraded
    flushed|committed|synced|replicated|compacted
    released|acquired
    renewed|refreshed
    resumed|resuming
    published|consumed|delivered
  `,
  mention: `
    0 bytes|items left|remaining
    last seen|contact|heartbeat|beat|sync|report # s|sec|seconds|ms|second ago
    quiet|silent hours|mode|night|period|time
    temperature|temp|level|pressure|humidity|flow ~ above|below|over|under setpoint|target|average|reference
    page|crawl|depth|result|row|rows|display|line|lines|recursion|preview|search ~ limit|maximum ~ reached|hit
    page|crawl|depth|result|row|rows|display|line|lines|recursion|preview|search limit # reached
    max|maximum depth|pages|results|rows|lines|width|size|recursion ~ reached|hit
    limit reached showing|returning|truncating|listing
    scaled|scaling|scale down|up|in|out to
    power saving|save|management|policy|profile|button on|off|enabled|disabled|pressed
    door|gate|valve forced close|closing
    smoke|gas|fire|leak|flood|water|heat|motion|intrusion detector|detectors|sensor|sensors|test|tests|drill
    crash|error|failure reports ~ sent|written|stored|kept|off|on
    dead man|mans switch|button
    max|maximum|allowed|permitted errors|failures|timeouts|crashes|retries|attempts|failed|losses
    ${ERR}|failure|fault|crash|alarm|alert|panic|timeout|outage pages|notification|notifications|template|templates|banner|scenario|scenarios|book|runbook|playbook|dashboard|panel|view|lamp|led|sound|text|texts|lines|budget|contact|contacts
    if|when|whenever|unless|once ~ down|dead|lost|full|unreachable|missing|hung|dies|crashes|expires|stuck
    protected|protects|protecting|guard|guards|guarding|shield|shielded ~ against|from ~ attack|attacks|overload|corruption|loss|crash|crashes|failure|intrusion|overrun|overflow
    named|name|product|model|vendor|manufacturer|title|label|labelled|track|song|film|book
    self test|check passed|ok|done|complete|started
    emergency contact|number|exit|exits|call|calls|kit|light|lights|button|room
    last known good
    offline image|copy|mode|installer|help|map|maps|use|access|page|files|signing|reading
    # of # ~ passed|done|ok|complete|completed|healthy|up|alive
    0 of # ~ ${FAIL}|down|lost|missing|unreachable|dead|offline|wrong|broken|red|gone
    crash kernel|suite|test|tests|drill|area
    memory|page|media failure|error|fault handling|handler|recovery|injection|simulation
    ${ERR}|fault|failure|trouble|crash free|tolerant|proof
    read only data|section|sections|memory|segment|user|view|access|replica|copy|transaction|property|attribute|text
    unavailable|unusable|reserved|bad range|ranges|page|pages|region|regions|area|areas
    mem|memory|range|region|addresses|pages # unusable|unavailable|reserved|usable
    last|previous|earlier power|shut|shutdown|reset|reboot|restart|stop|wake|sleep ~ reason|cause|had|was|by|at
    last|previous power off|down|cycle|loss
    rtc alarm|alert
    woken|wake|woke|wakeup|waking|awake ~ alarm|alert|timer|interrupt
    dead rows|row|tuples|tuple|letters|keys|versions|items|space|code|entries|objects ~ gone|removed|collected|purged|swept|reclaimed|remain|freed
    dead rows|row|tuples|tuple|keys|versions|items|code
    graph|line|page|word|column|paragraph|loop|section|tea|coffee break|breaks
    scratch|temporary|temp|tmp|cache|workspace|sandbox ~ wiped|erased|destroyed|cleared|emptied
    disposition|cause|result ~ no answer|busy|congestion
    # no answer
    call|calls|dial|dialed|dialled|ring|ringing|extension|callee ~ no answer|busy|declined|rejected|unanswered
    stall|lockup|hang|soft|hard|slow warnings|warning after|at|if|threshold
    error page|document|pages|documents #
    removing|removed|removes|cleaning|cleaned|purging|purged|deleting|deleted|killing|clearing|cleared|dropping|pruning|pruned|reaping ~ failed|dead|stale|broken|expired|leftover|orphaned|orphan|corrupt|invalid|old|lost|unused|zombie
    failed|dead|stale|broken|expired|leftover|orphaned|orphan|corrupt|invalid|old|lost|unused|zombie ~ removing|removed|removes|cleaning|cleaned|purging|purged|deleting|deleted|clearing|cleared|pruning|pruned|reaping
    oom score|adjust|adjustment
    oom ~ adj|adjusted
    full duplex
    speed # full
    crash|core|memory|heap|thread dump|dumps ~ location|path|directory|folder|set|written|size|off|disabled|file
    # full
    focus lost|gained
    denial of service protection|profile|policy
    virus|malware|attack|intrusion ~ definitions|signatures|rules
    lost|losing ~ focus
    dropped|dropping privileges|table|index|caps
    intrusion|virus|malware|crash|failure|anomaly|fraud|attack|deadlock|leak|collision detection|detector|protection|prevention|scanner|scan|policy|reporter|analysis
    search query|term|text
    query|asked|question|translated|classified|titled|called|subject @0.7
    error|errors|failure|failures|exception|exceptions|crash|panic|fault log|logs|logging|logger|page|pages|report|reports|reporting|reporter|handler|handlers|handling|callback|callbacks|hook|listener|stream|rate|rates|budget|policy|detector|detection|count|counts|counter|counters|threshold|thresholds|correction|correcting|recovery|domain|domains|tolerance|tolerant|injection|file|files|boundary|tracking|mode|modes|message|messages|response|format|level|type|types|class|classes|classification|statistics|metrics|total|totals|margin|percentage|ratio|window|simulation|test|tests|document|channel|queue|output|code 0
    on|upon|until|any ${FAIL}|${ERR}|exception|crash|panic|timeout
    if|when|whenever|unless|case|should ~ ${FAIL}|${ERR}|exception|crash|panic|timeout
    if ~ ${FAIL}|unable|cannot|unavailable|dead|down
    crash|panic|error|failure dump|reporter|report|kernel|recovery ~ enabled|installed|configured|started|loaded
    error|failed|failure|failures|errors|failed count|total|rate 0
    failed|failure|error ~ 0
    stderr
    fail over|open|closed|safe|fast|back
    failover|failback|failsafe|failfast
    dead letter queue|exchange ~ configured|created|enabled
    dead time|code|band|zone
    kill switch
    timeout ~ set|configured|ms|seconds|s|sec|value|is|to|of|for
    timeout # @1.0
    timeout|deadline|ttl|expiry ~ #
    critical section|path|region|sections|css|update|updates
    abort controller|signal|handler
    alert|alerts|alarm|alarms ~ rule|rules|manager|policy|channel|cleared|configured|enabled|loaded|definitions
    alertmanager
    alarm manager|clock|set|scheduled
    panic mode ~ off|disabled
    panic on|timeout
    warning|warnings|warn 0
    suppress|suppressed|suppressing ~ errors|warnings|error|error
    attack ~ protection|detection|surface
    lost found
    bad block|blocks table|scan|list|check
    parity ~ enabled|check|none|rebuild
    ecc enabled|mode|scrub|scrubbing
    machine check banks
    deadlock|health|sanity|lockup|hang checks|check|detector ~ off|disabled|skipped
    machine check ~ enabled|polling|supported|reporting|initialized|exceptions
    mce ~ banks|enabled|log|logging
    thermal zone|monitoring|monitor|governor|sensor @1.0
    temperature ~ normal|ok|threshold ~ set
    hung task ~ detector|check
    watchdog ~ enabled|started|initialized|timer|registered
    hardware ~ accelerated|acceleration|clock|detected|version|address|rng|random|revision|monitoring
    full ~ gc|backup|sync|scan|text|duplex|speed|name|path|refresh|build|compaction|screen|version|rebuild|mesh|table
    unknown @0.5
    out of # @0.8
    panic timeout
    core dumps ~ enabled|disabled
    core file ~ size|limit
    virus ~ database|definitions|signatures
    malware ~ definitions|signatures
    attack signatures
    no error|errors|failure|failures|fault|faults|problem|problems|issue|issues|exception|exceptions|warning|warnings|crash|crashes|alarms|alerts|conflicts|corruption|damage|leak|leaks|loss|violations
    ${ZERO} error|errors|failures|failed|failure|faults|exceptions|timeouts|warnings|crashes|lost|dropped|bad|corrupt|corrupted|missing|rejected|retries|skipped|dead|down|unavailable|unreachable
  `,
  foreign: `
    abandoned|left|dropped by guest|user|customer|client|visitor|caller|buyer|player ~ after @1.2
    abandoned|left by guest|user|customer|client|visitor|caller|buyer|player @1.2
    customer|user|visitor|guest|client|player|caller|buyer|patient|pupil entered|typed|gave|sent|used|supplied|chose ~ wrong|invalid|bad|unknown|expired|incorrect @1.4
    returned|reported|complained|disputed by customer|guest|user|client|buyer|reader @1.4
    declined|declines @1.4
    answered|replied|returned|came with|back exit status|code # @1.2
    answered|replied|returned ~ exit status|code # @1.1
    before|during|pre|prior ~ auth|authentication|login|handshake|authorization|identification @1.3
    preauth @1.3
    refused|rejected|declined|failed|denied|ended with|by|for|as ~ user|client|caller|business|application|domain error|exception|rule|reason @1.4
    user|client|caller|business|validation|domain error|errors|exception|exceptions|mistake @1.1
    declined|declines|refused|rejected ~ card|payment|order|charge|transaction|purchase @1.4
    card|payment|order|charge|transaction|purchase ~ declined|declines @1.4
    declined|declines ~ insufficient funds|balance|credit @1.5
    declined|declines ~ do not honour|honor @1.5
    do not honour|honor @1.2
    agent|model|assistant|user|caller|customer|sender|requester was|is told|informed|notified|answered @1.5
    returned|answered|reported|passed|handed to|back ~ agent|model|caller|user|customer|sender|requester @1.2
    votes|vote|voted for @0.8
    client|clients
    visitor|visitors|guest|browser|scanner|crawler|bot
    remote end|side|party
    caller|sender|recipient|subscriber
    users script|input|form|shell
    form|input validation
    attempt by
  `,
  chatter: `
    deprecated|deprecation
    debug|debugging
    trace|tracing
    experimental
    verbose
    obsolete
    legacy
    not recommended
    hint|tip
    should @0.4
    unset
    optional
    no need
    not needed|required|necessary
    already
    nothing to
    null
    false
    true
  `,
} as const satisfies Partial<Lexicon>;
