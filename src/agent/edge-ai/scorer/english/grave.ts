import type { Lexicon } from '../classes.ts';
import { FAIL, NODE, NOTWORK, UNIT } from './words.ts';

/** What is trouble by itself, whatever the level. None of the words belongs to one program. */
export const GRAVE = {
  crash: `
    kernel bug
    bug at
    terminated|exited|ended|down|stopped|died with reason killed|error|crash|noproc|timeout|abnormal|exception
    terminated|exited|ended|died ~ reason killed|error|crash|abnormal|exception
    crashloopbackoff
    core was dumped
    restarted|rebooted|respawned|crashed # times
    restarted|restarting ~ # times in|within
    respawn|respawning|respawned too|loop|again
    gone|ended|exited|died without ~ word|notice|reason|message|trace
    did not survive|live
    exited|exits|ended|finished|stopped|left|returned|closed|terminated|quit|died with ~ code|status|exitcode|rc|retcode # @1.2
    exited|exits|ended|finished|terminated|quit|died ~ exitcode|rc|retcode|returncode # @0.9
    ended|stopped|exited|terminated|quit|closed|crashes|vanished ~ by|of itself|themselves @1.2
    boot|reset|restart|reboot|wakeup reason|cause ~ wdt|watchdog|panic|brownout|exception|crash|oom|lockup
    node|process|server|broker|daemon|member|worker exits|quits|halts|dies
    process|service|unit|worker|task|child|program ended|exited|died status|code|rc #
    watchdog ~ rebooted|restarted|reset
    assert @0.7
    again and again
    stack ~ corrupted|smashed
    watchdog reset|reboot
    kernel panic
    panic
    panicked
    oops
    guru meditation
    blue screen
    stop error
    bugcheck
    segmentation fault|violation
    segfault
    general protection fault
    bus error
    illegal instruction
    floating point exception
    stack overflow
    stack smashing
    double free
    heap corruption
    access violation
    page fault ~ kernel
    data|instruction tlb ~ error
    core dumped
    dumped core
    core dump @0.6
    dumping core
    fatal signal
    caught|received|got sigsegv|sigabrt|sigbus|sigfpe|sigill
    signal segv|abrt|bus
    sigsegv
    sigabrt
    crash|crashes|crashed|crashing
    crash loop
    crashloop
    back off restarting
    uncaught|unhandled ~ exception|error|rejection|promise
    uncaught
    unhandled @0.7
    exception in thread
    exited|exit|exits|exiting|terminated|stopped|ended|quit|died abnormally|unexpectedly|prematurely
    abnormal|abnormally|unexpected|premature termination|exit|shutdown|end|stop|death|restart|reboot|reset
    abnormally|abnormal ended|terminated|exited|exit|end
    terminated|exited|died|killed|aborted by|on|due|from|with signal
    exited|exit|exits with|code|status ~ non zero|nonzero
    non zero exit
    nonzero exit
    exited|exits|exit|terminated|died|ended with code|status|signal|error #
    exited|terminated|died with|on # @0.9
    exit|status code|status # @0.7
    exited ~ status|code #
    got|received|caught|on|by signal 4|6|7|8|9|11
    exited|exit|killed|died ~ 134|137|139
    keeps|kept|keep dying|crashing|restarting|failing|rebooting
    restarts|restarting|restarted|crashes|reboots ~ loop|repeatedly|again|itself
    rebooted|reboots|restarted|reset ~ itself|spontaneously|watchdog
    had to reset|reboot|restart|kill
    ended|ends|stopped|stops ~ exception|error|failure
    abend
    assertion failed|failure
    assert failed|failure
    assertion ~ failed
    fatal exception|error|trap|interrupt|fault
    internal error: @0.8
    deadlock detected|found
    deadlock|deadlocked
    watchdog timeout|triggered|timed
    watchdog ~ expired|fired|bite|bark
    soft lockup
    hard lockup
    lockup
    blocked for more than
    hung task
    hangs|hung|hang
    call trace
    traceback most recent
    backtrace
    rebooted unexpectedly
    unexpected reboot
    spontaneous reboot
    ended with errors
    died
    dies @0.7
    has died
    failed state
    error state
    in failed|error|fault state
    trap|traps invalid|divide
    divide by zero
    division by zero
  `,
  exhausted: `
    disk|device|volume|filesystem|partition|memory|storage|tablespace ~ 0 bytes left|remaining @1.1
    has|have 0 bytes|blocks|inodes left|remaining|free|available @1.2
    down|fell|fallen|dropped|drops|sank|sunk to 0|zero|nothing
    cannot|cant|not|couldnt ~ keep|keeping up|pace
    all # ~ in use|used|taken|busy|gone|occupied|assigned
    allocation|alloc|malloc|mmap|new ~ returned|gave|yielded null|0|nil|nothing
    inode|inodes|disk|memory|heap|swap|filesystem|partition|quota|volume|tablespace|storage|spool|fds ~ at|is|reached|hit 95|96|97|98|99|100 @0.9
    medium|tape|card|stick|flash|tray|bin|hopper|bucket|slab full
    medium|tape|card|stick|flash|hopper|bucket|slab is|are|nearly|almost full
    out of paper|toner|ink|labels|stock|fuel|change|cash|medium|tapes
    no ~ paper|toner|ink|tapes|medium|change|fuel left|inserted|loaded
    queue|backlog|pool|buffer|mailbox|spool|table ~ overflows|overflowing|overflowed|spills|spilling|brimming
    no|not|without a ~ free worker|slot|connection|thread|port|address|lease|buffer|descriptor
    addresses|leases|ports|licences|licenses|threads|workers|connections ~ exhausted|depleted|spent|ran out
    only # mb|kb|bytes|percent|blocks ~ left|free|remaining|remain
    less than # ~ left|free|remaining
    0 kb|mb|gb|tb|kib|mib|gib|bytes|b|percent|blocks|units|connections|licences|licenses free|left|available|remaining @1.2
    nearly|almost|practically full # kb|mb|gb|bytes|percent left|free|remaining @1.2
    nearly|almost|practically full ~ left|free|remaining
    out of shared|kernel|video|gpu|device|heap|virtual|direct|disk|address|swap|stack|buffer|log memory|space @1.2
    no space on|in|for
    no space @0.9
    malloc|calloc|realloc|kmalloc|alloc|mmap # returned|gave|yielded|is 0|null|nil @1.2
    malloc|calloc|realloc|kmalloc|alloc|mmap # ~ 0|null|nil|failed|enomem @1.2
    freed|reclaimed|recovered|released too little|few
    too little|few space|memory|room|free|disk|descriptors|workers|slots
    hard|spending|cost|token|daily|monthly limit|cap|budget|ceiling ~ passed|spent|overstepped|overrun|overdrawn @1.2
    limit|budget|cap|ceiling|quota|allowance ~ passed|overstepped|overrun|overdrawn @1.1
    limit|watermark|quota|ceiling|cap ~ crossed|reached|exceeded|hit
    is|are filling
    filling up
    cannot|can|could not|no ~ free enough
    no|none ~ gave back
    every|all ~ taken|busy|used|occupied
    overloaded|overload|saturated
    out of ~ descriptors|handles|inodes|addresses
    out of memory|disk|space|inodes|resources|swap|ports|descriptors|credits|tokens|funds|quota|handles|threads|connections
    outofmemory
    oom killer|kill|killed
    oom
    oomkilled
    memory exhausted|exhaustion
    not enough memory|space|disk|resources|swap|room
    insufficient memory|space|disk|resources|quota|funds|credits|storage|capacity
    cannot|failed|unable|could ~ allocate
    allocation failed|failure
    page allocation failure
    no space left
    no space ~ device
    no free|available space|memory|blocks|inodes|slots|ports|disk|buffers|connections|extents
    no more space|memory|processes|connections|threads|disk
    no memory|buffer|buffers ~ available|left
    disk|device|filesystem|volume|partition|drive|tablespace|storage|journal|log|archive|queue|table|pool|heap|buffer|cache|spool|mailbox|root|inbox full
    disk|device|filesystem|volume|partition|drive|tablespace|storage|journal|log|archive|queue|table|pool|heap|buffer|cache|spool|mailbox|root|inbox is|are|was|were|now|got|almost|nearly|completely full
    disk|device|filesystem|volume|partition|drive|tablespace|storage|journal|log|archive|queue|table|pool|heap|buffer|cache|spool|mailbox|root|inbox is completely|nearly|almost|now full
    is full
    100|99|98|97|96|95 full|used
    100|99|98|97|96|95 of|percent ~ full|used|occupied|taken
    at|to|reached 100 percent
    used up
    all ~ used|taken|allocated|busy
    not enough
    insufficient @0.8
    pile|piling|piles|piled up
    0|no bytes|blocks|inodes|space|memory|room ~ free|left|available|remaining
    free|available|remaining space|memory|bytes|blocks|inodes 0
    ran|runs|run|running out @0.9
    turned away
    watermark exceeded|hit|reached|crossed
    threshold exceeded|crossed|breached @0.8
    backlog ~ growing|grows|full
    nothing|none|no ~ left
    filled up
    file system full
    disk|space|memory|quota|capacity|limit|budget|pool|heap|swap exceeded|exhausted|depleted
    running|runs|ran out of
    running low|short on|of
    exceeded|exceeds|exceeding ~ quota|limit|limits|maximum|capacity|budget|length
    over quota|capacity
    quota exceeded|reached
    limit exceeded|reached
    maximum|max ~ reached|exceeded
    too many open files|connections|clients|processes|threads
    too many connections
    emfile
    enospc
    enomem
    resource|resources temporarily unavailable
    resource|resources exhausted
    exhausted @0.8
    exhaustion @0.8
    starved|starvation
    overflow|overflowed|overrun|overruns @0.7
    connection pool ~ exhausted|timeout|empty
    pool exhausted
    low on memory|space|disk
    low disk|free space
    is|are|getting|very|critically low
    gc overhead limit
    java heap space
    killed process
    beyond ~ memory|limits
    memory|resource limit exceeded|reached|hit
    remaining connection slots
    context length exceeded
    maximum context length
    context window ~ exceeded|exceeds|overflow|full
    too many tokens
    rate limit exceeded|exhausted
    insufficient quota
    billing hard limit
    spending|spend limit|cap ~ reached|exceeded
    wraparound
    saturated @0.7
    overload|overloaded
  `,
  hardware: `
    reads|read|reports|delivers|shows|sends nonsense|rubbish|garbage|implausible
    kicked|kicking|kicks|ejecting|ejected|expelling ~ from|out ~ array|raid|pool
    tray|psu|fan|transceiver|supply|blade # removed|pulled|unplugged|withdrawn|absent
    fan tray # removed|pulled|unplugged|absent
    thermocouple|sensor|probe|winding|fuse|lamp|coil|heater|electrode|rtd ~ open|short|shorted circuit
    short circuit
    thermocouple|sensor|probe|gauge|meter|scale|encoder ~ disconnected|unplugged|implausible|frozen|dead|failed|faulty
    paper|card|feed|bearing|belt|door|valve|coin jam|jams|jammed|torn|stuck|worn|seized
    occlusion
    stuck between|closed|open|on|off|at @0.9
    node|host|server|blade|disk|drive|board|card|module|battery|sensor ~ failed|fails ~ self|post|diagnostics test|check|tests
    failed|faulty|dead removed|dropped|thrown|expelled|excluded from|out
    fallen|fell|falls|dropped|drops off|from|out ~ bus|fabric|grid|map|ring|rail|network|stack|mesh|air @1.3
    must|needs|need|has|have|should ~ replaced|repaired
    unrecovered|unreadable
    hard ~ errors|error|failure|fault
    firmware ~ crashed|corrupt|hang|hung
    surface|sensor|clock|bus|board|backplane ${FAIL}
    power supply|supplies ~ not
    worn out
    wear ~ end|limit|exhausted
    self test|check ${FAIL}
    ${FAIL} ~ self|smart|post|diagnostics
    machine check
    hardware error|errors|fault|failure|malfunction|problem
    uncorrectable|uncorrected|unrecoverable
    uncorrectable ~ ecc|error|memory
    multi bit ~ error|ecc
    parity error|errors
    ecc error|errors
    double bit
    bit error|errors
    memory error|errors|fault|failure
    dimm ~ failed|error|errors|failure
    cpu|processor|core|dimm|disk|drive|fan|psu|battery|controller|board|module|card|adapter|gpu|nic|sensor|hba|ssd|raid|link|chip failed|failure|fault|faulty|broken|dead|malfunction|died|error|errors
    bad sector|sectors|block|blocks|disk|memory|magic|crc|checksum
    medium error
    media error|errors
    reallocated sector|sectors
    pending sector|sectors
    predictive failure
    predicted|imminent failure|fail
    smart ~ failure|failing|failed
    i o error|errors|failure|timeout
    io error|errors|failure
    ioerror
    input output error
    disk|buffer|read|write|seek|sense|disc error|errors|failure @0.8
    error reading|writing ~ disk|block|sector|device|tape @0.9
    raid|array|pool|mirror|md|vdev|volume degraded
    degraded
    fell off the bus
    xid #
    pcie ~ error|errors
    nmi received
    unknown nmi
    crc error|errors|mismatch @0.8
    link training failed
    fault|faults|faulted|faulty @0.8
    torus ~ error
    defective
    malfunction|malfunctioning
    power supply ~ failed|failure|lost|missing|fault
    removed from array
    dropped from array|raid
    kicked from|out ~ array|raid
    device ~ removed|disappeared|vanished|lost @0.8
    rejecting i o
    failed|failing ~ device|disk|drive
    bad state @0.7
  `,
  environment: `
    input|mains|supply|line ~ 0 v|volt|volts
    smoke|gas|fire|leak|flood|water|heat detector|sensor ~ triggered|tripped|active|alarm|fired|wet
    reads|read|reading|measured|at # ~ limit|alarm|maximum exceeded|passed|crossed
    leak|flood|water|smoke|gas|moisture|intrusion sensor ~ wet|tripped|triggered|active|alarm
    battery|batteries ~ # min|minutes ~ left|remaining|runtime
    valve|damper|shutter|door|gate ~ closed|closes|shut ~ emergency|protection|safety
    underflow
    dry running
    dry run protection
    overpressure|overcurrent|overspeed|underpressure|undercurrent|overfill|overheat
    lost|loses|lose|losing ~ input|feed|supply|mains|phase @1.1
    input|feed|supply|mains|phase ~ lost|missing|gone|failed
    running|runs|run|now|switched|is|are on|to ups|battery|batteries|generator
    on ups|generator|batteries
    water|flood|gas|smoke|leak|fire|moisture at|on|under|near|behind @1.1
    burner|boiler|motor|pump|press|furnace|turbine|compressor|heater|lift|elevator|conveyor ~ locked|tripped|blocked|jammed|seized
    high|low|over pressure|current|humidity|temperature|voltage
    pressure ~ over|above|high|exceeds|below|under|drop|lost
    over current|pressure
    lockout|lockouts @0.7
    major|minor|critical alarm
    out of ~ limits|range|tolerance|bounds @0.8
    load ~ on battery
    utility|mains power failed|lost|out
    below|above|over|under|outside ~ limit|minimum|maximum|threshold|alarm|range|critical
    above|below|under|over the limit|minimum|maximum|threshold|alarm
    water|gas|smoke|fire|flood ~ detected|alarm|in|leak
    tripped @0.8
    emergency|thermal|protection trip|tripped
    cooling ~ stopped|failed|lost|off
    emergency stop
    evacuate
    redundancy lost|degraded|gone
    loses|lose|lost power
    breaker tripped|open
    temperature|temp|thermal ~ above|over|high|critical|exceeded|exceeds|exceed|threshold|limit|alarm|alert|trip|emergency|warning|out
    over|high|critical temperature|temp
    overtemp
    overheat|overheated|overheating
    thermal shutdown|throttling|event|trip|emergency
    too hot|warm
    fan|fans ~ failed|failure|stopped|stalled|slow|below|dead @0.9
    voltage ~ out|low|high|range|below|above|critical
    under|over voltage
    undervoltage|overvoltage
    undervolt
    brownout
    power failure|lost|loss|outage|fault|alarm|down|problem|fail
    loss of power
    lost power
    ac lost|power
    on battery
    battery low|critical|depleted|empty|exhausted
    ups ~ battery|failed|lost
    humidity ~ high|above|threshold
    coolant|cooling|water leak|failure|failed|low|alarm
    leak detected
    smoke
    upper|lower critical|non ~ going|recoverable|threshold
    ambient ~ exceeded|above|high
    emergency shutdown|power
    outside ~ range|limits
    out of range @0.5
    psu ~ failed|failure|lost|missing
    psu ~ input lost|failed|failure|missing|0
    environmental alarm
    chassis intrusion
  `,
  down: `
    no ~ in sync|insync @1.1
    no ~ server|host|backend|replica|node|broker|worker|path|printer|gateway|peer|endpoint|driver ~ available|left|up|ready|found
    zone ~ expired @0.9
    stopped|ceased|quit posting|publishing|writing|serving|listening|beating|polling|sending|producing|consuming
    has|have|with|reports|delivers no input|output|power|feed|pressure|flow|signal|current|supply
    no ~ suitable|usable|eligible
    kicked|kicking|kicks|ejecting|ejected|expelling ~ from|out ~ cluster|ring|group|pool
    not ~ being drained|consumed|emptied|processed|picked|collected|served|written
    fell|falls|fallen|is|are|runs # ${UNIT}|h|s behind
    members|nodes|peers|others ~ disagree|disagrees
    marked|declared|deemed suspect|dead|lost|failed|down|unhealthy
    500|502|503|504 for|since|until
    two|both|several|multiple nodes|hosts|devices|machines|servers|clients ~ same|address|identity|claim|name
    gps|gnss|position|satellite fix ~ lost|gone|missing
    link|fibre|fiber|line|cable|beam ~ cut|torn|broken|interrupted
    does|do|did not ~ answer|reply|respond|react|report|appear|arrive|start|boot
    nobody|none|nothing ~ answers|answered|responds|replied|listening
    motor|engine|machine|line|press|process|plant|reactor|burner|furnace ~ switched|turned|shut off|down @0.9
    never arrived|came|answered|returned|finished|started
    last heard|seen|contact|sync|reading|report|update|answer ~ # h|d|hour|hours|day|days|week|weeks ago
    overdue ~ by|for #
    no|missing reading|readings|sample|samples|data|telemetry|fix|signal|beat from|of|by|since|for
    stale for|since
    quiet|silent|unheard|unreachable for|since
    neighbor|neighbour|peer|member|follower|replica|leader|adjacency ~ expired|vanished|withdrew
    adjacency ~ down|lost|dead|expired
    leader|primary|master ~ stepping|stepped|steps down
    is|are|was|were not part|member of
    orders|calls|writes|requests|trips|deliveries|payments|checkouts ~ suspended|halted|frozen
    breaker|circuit ~ opened|opens|open @1.1
    withdraws|withdrew|withdrawn from
    went|goes|turned|turns|became|becomes red|dark|unhealthy|critical|faulty|stale|silent|inactive|inconsistent
    hold|holddown|dead|keepalive|liveness|hello|lease time|timer|interval expired|elapsed|passed|out
    hold|holddown|dead|keepalive|liveness|hello time|timer|interval ~ expired|elapsed @1.2
    down hold|dead|keepalive|hello time|timer|interval expired|elapsed|passed @1.6
    left|leaves the stack|cluster|ring|fabric|quorum|pool|array|mesh|chain @1.2
    no|without acknowledgement|acknowledgements|acknowledgment|ack|acks|majority|confirmation|heartbeat
    both|two ~ claim|claims|think|thinks|believe ~ lead|leader|master|primary|active
    split brain|view|vote|cluster|quorum
    ending|ended|closing|terminating|killing|dropping|severing all ~ sessions|connections|clients|users @1.2
    writes|reads|calls|connections|requests|logins|uploads|orders|payments|messages ~ refused|rejected|blocked|turned
    safe|emergency|rescue|limp|degraded|survival mode ~ on|entered|entering|active|engaged
    entered|entering|enters|switched|switching|falling|fell to|into safe|emergency|rescue|limp|degraded ~ mode
    no longer there|here|present|seen|visible|found|attached|plugged|known
    powered|switched|turned|shut itself|themselves off|down
    out of operation
    absent
    about to fall|crash|fail|die
    entered ~ failed|error|faulted|degraded|maintenance state
    is|are|was|were withdrawn|orphaned
    gone|lost since|for
    goes|went|gone|going dead|dark|offline|down|read
    silent|quiet|mute|unheard ~ for|since
    stopped|hung|blocked|unavailable|unreachable|down|offline|gone|missing ~ for|since ~ ${UNIT}
    not|no|nothing|nobody ~ for|since yesterday|hours|days|monday|minutes
    stall|stalls
    fewer|less than ~ half|members|nodes|replicas|quorum|majority
    without ~ leader|replica|replicas|quorum|master|contact|heartbeat|power|network
    not enough|sufficient replicas|members|nodes|voters|votes
    shrank|shrunk @0.6
    only # of ~ left|answer|reachable|alive|available|running|up
    no|none of ~ can|could be reached|contacted|served|started
    not writable|readable|usable|functional|responsive|synchronised|synchronized|in sync
    cannot|cant|not ~ read|written|reached|seen|served|found|writable|readable|usable|pulled|opened|used ~ any more|longer
    is|are no longer
    cluster|network partition ~ detected
    does|do|did|will|can not ~ come|spin|power|boot|turn|charge|wake|join
    doesnt|dont|didnt|wont|cant ~ come|spin|power|boot|turn|charge|wake|join|answer
    is|are|was not turning|spinning|charging|booting|syncing|processing|moving|served|seen|heard|serving|accepting|listening|running|working|leaving|picking|progressing
    isnt|arent ~ turning|spinning|charging|booting|syncing|served|seen|heard|serving|accepting|running|working|leaving|responding|there
    has|have|had not ~ reported|answered|responded|checked|arrived|heard|seen|synced|come|returned
    hasnt|havent ~ reported|answered|responded|checked|arrived|heard|seen|synced|come|returned
    not been heard|seen
    not ~ come back|up
    offline @0.4
    offline since|for|now
    to down|failed|error|dead|lost|lost|crashed|aborted|red|degraded|faulty|faulted|critical|unhealthy|offline|unreachable|suspended|zero @0.9
    state|status|health ~ failed|down|red|dead|lost|unhealthy|faulted|suspended
    vanished|disappeared|collapsed|jammed|tripped|unsynchronised|unsynchronized|stranded
    removed|dropped|thrown|fell|expelled|kicked|evicted ~ from|out ~ cluster|fabric|ring|rotation|membership|service|pool|stack|quorum|array
    no ~ leader|master|primary|quorum|carrier|heartbeat|heartbeats|answer|reply|response|contact|signal|partner
    no ~ reachable|usable|working|operational|responding|alive
    0 ~ healthy|reachable|alive|online|operational @0.9
    0 ~ ready|available|active|left|remaining|paths @0.7
    remaining|active|healthy|available|live paths|nodes|replicas|members|backends|servers|workers 0 @0.9
    no sign of
    no signs of
    last heartbeat|contact|beat|seen ~ ago @0.8
    no|without ~ service @0.8
    has|have|is|are|went silent|dark|gone|frozen|sealed|isolated|stuck|lost
    left without
    two|both|multiple|second ~ masters|leaders|primaries|master|leader
    flapped|flaps ~ times
    stopped @0.4
    both|all ~ down|off|gone|lost|dead|unavailable|unreachable|offline|failed|stuck
    unregistered @0.6
    suspended @0.6
    power ~ off @0.6
    fell|drops|dropped|falls to zero
    cannot|cant|can not ~ be reached|contacted|found ~ host|node|server
    cannot|cant|could ~ be reached|contacted
    not respond|responding|reply|replying|answering|responsive
    doesnt|didnt|isnt|wont|does|did respond|responding|answer|not ~ respond|reply|answer
    no response|reply|answer|heartbeat|heartbeats|contact|carrier|quorum|leader|master|signal
    unresponsive
    nonresponsive
    no longer ~ served|serves|serving|reachable|available|responding|responds|alive
    there is no ~ server|leader|master|primary|owner|controller|route|manager
    no longer responding|available|reachable|alive|connected|accessible|accepting|running|answering|listening|part|member|working|serving|mounted
    not available|reachable|accessible|running|operational|alive|online
    unavailable
    unavailable state
    unreachable
    inaccessible
    lost|missed|missing|missing|late|stale|no ~ heartbeat|heartbeats|keepalive|pings
    heartbeat ~ lost|missed|failed|failure|timeout|timed|expired|missing|stopped
    is|are|was|went|gone|going|became|marked|declared|considered|now|appears|seems|status|state|as|be|changed|been ~ down|dead|offline|unavailable|unreachable|unresponsive|hung|stuck|inaccessible
    ${NODE} ~ is|has|are|was|went|marked|declared|appears|seems ${NOTWORK}
    ${NODE} down|dead|offline|hung|stuck|unavailable|unreachable|unresponsive|inaccessible
    ${NODE} ~ down
    link|interface|port|line|carrier ~ down|lost
    link failure
    carrier lost
    loss of carrier|signal|sync|quorum|communication|service
    no carrier
    outage
    service|services ~ interrupted|disrupted|unavailable|down
    interrupted service
    out of service
    taken out of
    went away
    gone away
    has gone
    dead
    quorum lost|not|dissolved
    lost quorum|leadership|leader|majority|contact|node|executor|worker|task|shard
    no quorum
    no leader
    no master
    split brain
    partitioned from
    network partition
    evicted|ejected|expelled|fenced|isolated|quarantined|blacklisted|blacklisting|banned|excluded @0.7
    stopped working
    ceased
    not ready
    notready
    unhealthy
    health check ~ failed|failing|failure
    liveness|readiness ~ failed
    not mounted|mounting
    cannot serve
    stalled
    stuck
    zombie @0.5
    refusing|rejecting|rejected ~ connections|requests|writes|traffic
    no healthy|live|available|active|usable|working ~ ${NODE}
    no servers|backends|brokers|workers|nodes|hosts|providers available
    remounting|remounted|remount ~ read only
    read only @0.5
    model ~ not loaded|available
    node|server|host|service ~ failed|failure
    stopped responding|sending|reporting|answering
    went|gone|going silent|offline|away|down|dark
    offlined
    disabled due|because|by|after ~ errors|failures|error|fault
  `,
  damage: `
    but|though|although|yet|while ~ reported|reports|claims|claimed|says|said|announced ~ success|done|complete|completed|ok|finished @1.1
    reorg|equivocation|divergence detected|seen|found
    loss|gradient|gradients|value|result ~ infinity|infinite
    # rows|records|messages|events|documents|lines|entries|samples|payments ~ refused|rejected|dropped|lost|discarded|unreadable @0.8
    not published|released|delivered|sent|paid|made|charged|shipped|billed|booked|posted|uploaded|indexed|printed|recorded|transferred|settled @0.8
    is|are|became|was|loss|to|gradient|output na n
    loss|gradient ~ nan|inf|infinite|exploded|diverged
    absent|missing ~ days|hours|samples|files|records|rows|pages
    # of # ~ absent|unread|unwritten|unpaid|undelivered
    does|do|did not match|agree|add|balance|reconcile ~ up|ledger|checksum|manifest|total|totals
    does|do|did not add up
    off by #
    # ~ records|rows|messages|entries|files|blocks|objects ~ lost|missing|unaccounted
    short|shortfall by|of #
    stored ~ computed|calculated @0.8
    replica|replicas|copy|copies|shard|mirror ~ differ|differs|diverged|disagree
    claimed|claims|reported|reports success|done|complete|completion ~ but|although|while|yet
    not replicated|backed|copied|mirrored|synchronised|synchronized|archived @0.9
    messages|message|record|records|event|events|batch|letter|mail|order|orders was|were|are|is|being discarded|lost|thrown|dropped
    no clean|proper|orderly|regular|graceful shutdown|stop|unmount|exit|end @1.2
    invalid|bad|broken|damaged|zeroed|wrong page|block|header|tuple|record|segment|extent|row|entry in|of|at|on ~ block|page|relation|file|table|index|segment|volume|tree
    totals|total|balance|balances|sums|sum|counts|figures|ledger|ledgers|books|copies|replicas|hashes|digests|checksums ~ differ|differs|disagree|disagrees|diverge|mismatch @1.1
    success|succeeded|done|passed|ok|green|complete|completed|finished but|yet|though|although|while ~ fail|fails|failed|error|errors|missing|exit|wrong|broken @1.1
    success|succeeded|done|passed|ok|green|complete|completed|finished but|yet|though|although|while # of # ~ fail|fails|failed|missing|red|wrong|broken @1.2
    incompatible|mismatched|differing|conflicting cluster|node|database|store|group|system id|ids|identity|identifier|uuid
    not stored|saved|persisted|committed
    is|are garbage
    torn write
    is|are|became|was|loss nan
    conflict ~ replication|replay
    not saved|stored|written|persisted|kept
    nothing ~ saved|written|stored
    incomplete ~ backup|catalog|data @0.8
    missing ~ batches|records|rows|transactions @0.8
    diverged|divergence
    disk image is
    out of sync|balance @0.7
    cannot|can|could|no ~ be read|decrypted|decoded|parsed|written|saved|stored @0.9
    no longer be read
    are|were|was|is|being|been lost|destroyed|erased|overwritten|thrown
    thrown away
    last good
    needs|need|needed|must ~ repair|rebuild|rebuilt|repaired
    truncated|unusable|torn @0.8
    work|data|results|changes ~ lost
    corrupt|corrupted|corruption|corrupts
    data loss|lost|corruption|corrupted
    lost data|writes|blocks|messages|records|updates|packets|pages|file
    losing data
    lost page|async|write
    checksum|digest|hash|crc|md5|sha ~ mismatch|failed|failure|error|invalid|incorrect|wrong @0.9
    inconsistent|inconsistency|inconsistencies
    unreadable
    torn page
    bad superblock|magic|inode
    journal ~ aborted|abort|corrupt
    aborting journal
    missing|lost block|blocks|segment|segments|replica|replicas|chunk|chunks
    orphaned|dangling inode|inodes @0.5
    truncated ~ file|log|wal @0.7
    could not ~ replay|recover
    structure needs cleaning
    unclean shutdown|filesystem
    not cleanly
    not properly unmounted|dismounted|shut
    damaged
    poisoned @0.6
    dropped messages|events|records|packets|frames @0.7
    dropping messages|events|records|packets|frames|data @0.7
    discarding messages|events|data @0.6
    data ~ will|may|has|might be|have|been lost
    silent data
    block ~ missing|lost|corrupt
    failed ~ replicate|backup
    backup failed|failure|incomplete|aborted
    restore|snapshot|replication failed|failure|aborted|broken
    replication ~ stopped|broken|lag
    under replicated @0.6
  `,
  forsaken: `
    for the third|fourth|fifth|sixth time @0.7
    operator|oncall|engineer|technician|duty ~ paged|woken|dispatched
    step|turn|iteration|attempt|try|round # of # ~ without|used|spent
    without|no ~ answer|result|solution|outcome ~ reached|found|left
    same call|tool|arguments|request|answer|result|error|step|plan|output|action|query|command ~ # times
    repeated|repeats|repeating ~ same ~ times|again
    plan|run|build|release|deployment|deploy|rollout|import|export|upgrade|migration ~ abandoned|halted|frozen|dropped|given|broken|stopped
    run stopped @0.8
    run|agent|session|task|job|loop|workflow|crawl|order killed|frozen|quarantined|cut @1.1
    without|no|any progress
    no substitute|fallback|alternative|replacement
    all|every ~ stopped|halted|failed|lost
    same result|error
    refusing|refuses|refused to start|run|serve|boot|continue|work
    stays|remains|left|kept dead|down|offline|failed|off|unavailable
    serving|service|operation ~ stops|ends|ceases
    not try again
    not be retried|restarted|recovered|restored|repaired
    retries|attempts ~ used|exhausted|exceeded|left
    all retries|attempts
    last|final attempt ~ failed|without|unsuccessful
    recovery impossible|failed
    recovery was|is not|impossible
    cannot|can|unable|could|not ~ recover|continue|proceed|recovered|restored
    has|have to be rebuilt|replaced|restored|repaired
    replace ~ module|disk|drive|soon|now|immediately
    reached|hit ~ backoff|retry|restart limit
    cannot be managed|used|served|repaired|restarted|reopened
    for good|ever @0.8
    abandoned|dropped|given ~ after|up
    given up
    work|service|processing|training|loop|task|job|writes|reads|agent|posting|replication stopped|halted|paused|suspended|abandoned @0.7
    nobody|no one|nothing ~ can|is|answers|listens|served|works @0.7
    refusing|refuses|refused to run|start|boot
    giving|gave|give up
    giving|gave up after
    retries exhausted|exceeded
    retry limit|count ~ exceeded|reached
    exhausted ~ retries|attempts
    maximum|max ~ retries|attempts|failures ~ exceeded|reached|exhausted
    too many ~ failures|errors|retries|attempts|restarts|timeouts
    after ~ attempts|retries|tries
    no more|further ~ retries|attempts|retry
    will not|wont ~ retry|restart|retried|restarted
    not retrying
    permanently failed|lost|removed|disabled
    permanent failure|error
    unrecoverable
    non recoverable
    nonrecoverable
    irrecoverable|irrecoverably
    not recoverable
    cannot|can|unable|could|failed|impossible ~ recover|continue|proceed|be recovered
    beyond repair
    start request repeated
    restart limit|intensity
    dead letter
    poison message|pill
    manual|operator|administrator ~ intervention|action|attention|recovery
    intervention|attention required
    requires ~ attention|intervention
    contact ~ support|administrator|vendor
    all ~ attempts|replicas|nodes|servers|backends|workers|retries|paths|mirrors ~ failed|down|exhausted|unavailable|lost
    none of ~ succeeded|available|responded|reachable
    bailing out
    bailing
    unable to continue|proceed|recover
    halting|halted
    shutting down due|because|after|on ~ error|failure|failures|errors|exception
    stopping due|because|after ~ error|failure|errors
    exiting due|because|on|with|after ~ error|failure|errors|exception
    exiting on error|failure
    stopping execution
    aborting
    loop detected @0.7
  `,
  intrusion: `
    known command|malicious|bad|hostile|criminal server|host|domain|address
    mass deletion|download|export|encryption|copying
    mfa|2fa|encryption|firewall|antivirus|audit|auditing|protection ~ switched|turned off @0.8
    changed|modified|edited|replaced outside|without ~ release|change|ticket|window|approval @0.9
    tried|guessed|attempted # times
    created|granted|added|login|logged|changed|copied ~ outside|out ~ hours
    copied|sent|posted|uploaded|exfiltrated ~ outside|abroad|unknown|foreign|strange ~ host|address|account|server
    key|token|credential|secret|password ~ in|to ~ clear|plain|public|outgoing
    privileges|rights|permissions|role ~ raised|escalated|granted ~ unknown|itself|without
    disarmed|alarm ~ by|with unknown|wrong|stolen|duress ~ code|card|key
    duress|tailgating|held up|hostage @0.9
    door|gate|cabinet|lid|lock|window|hatch|safe|drawer ~ forced|pried|prised|kicked|broken
    forced ~ open @0.9
    guard|guards|police|security|brigade|ambulance|warden called|alerted|notified|summoned|alarmed @1.1
    refused|denied|failed|rejected|wrong|incorrect # times
    secret|secrets|password|passwords|credential|credentials|apikey ~ found|detected|exposed|sent|seen|present|leaked in|to ~ outgoing|message|mail|log|logs|output|commit|prompt|response|public|repository|reply @1.1
    outgoing|public ~ secret|secrets|password|credential|credentials
    tamper|tampers
    wiped @0.6
    # incorrect|wrong|failed|bad password|login|authentication attempts|tries|guesses
    incorrect|failed|wrong|bad password|login attempts
    more failures of
    maximum of login
    intruder|intruders|malicious|rogue|exfiltration|spraying|hijacked|hijack|impersonation|phishing
    taken over
    take over ~ agent|account|session
    breach|breached|breaches @0.8
    denial of service
    denial of service attack|detected
    infected
    encrypted ~ files|by
    forged|forgery
    ignore all|previous ~ instructions
    system prompt @0.4
    reveal|leak ~ prompt|secret|secrets|key|credentials
    outside of change|policy
    cleared by unknown
    unknown country|account|device @0.7
    break in @0.7
    break in attempt|attempts|detected|at|by|suspected
    breakin
    possible break|attack|intrusion|breach|compromise|brute|syn|spoofing|hijack
    intrusion
    attack|attacks|attacker
    brute force
    repeated|multiple|many|maximum|excessive|several ~ authentication|login|password|auth|logon ~ failures|failed|attempts|exceeded|failure
    too many authentication|login|password|auth|logon ~ failures|attempts
    more|further|other authentication|login|password failures|failure
    message repeated ~ failed password
    # authentication failures
    account|user ~ locked
    locked out
    malware|virus|trojan|ransomware|rootkit|exploit|backdoor
    tampered|tampering
    unauthorized ~ access|root|modification|login @0.9
    privilege escalation
    injection ~ detected|attempt
    prompt injection
    security violation|breach|alert|incident
    host key ~ changed|mismatch|verification
    remote host identification
    spoof|spoofed|spoofing
    port scan
    syn flood|flooding
    ddos
    flood|flooding @0.7
    hacked|compromised
    suspicious @0.8
    certificate ~ expired|revoked
    expired certificate
    leaked
    disallowed @0.4
  `,
} as const satisfies Partial<Lexicon>;
