import { plainDate } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A payments service of a shop, on a large web framework: class names, request ids, money, circuit breakers. */
export const payments: System = {
  name: 'Tillworks',
  seed: 4120,
  startsAt: Date.UTC(2026, 11, 24, 16, 0, 0),
  gapMs: 800,
  header: ({ at, level, component }) =>
    `${plainDate(at)}  ${level.padStart(5)} 7 --- [tillworks,{hex:16},{hex:16}] [{thread}] ${component.padEnd(30)} : `,
  values: {
    thread: ['nio-8443-exec-{int:1..40}', 'scheduling-1', 'ntainer#0-0-C-1', 'main'],
    order: ['ORD-{int:100000..999999}'],
    money: ['{float:1..900;2} EUR', '{int:1..9000} ILS', '-{float:1..90;2} USD', '0.00 EUR'],
    psp: ['adyencia', 'stripelike', 'bank-il', 'wallet'],
    customer: ['c-{int:1..9000}', 'guest', "O'Brien Ltd.", 'משפחת לוי'],
    state: ['NEW', 'AUTHORIZED', 'CAPTURED', 'REFUNDED', 'DECLINED', 'ERROR_REVIEW'],
    exc: [
      'java.net.SocketTimeoutException: Read timed out',
      'feign.RetryableException: {psp} executing POST',
      'java.lang.IllegalArgumentException: amount must not be negative: {money}',
      'org.example.till.LimitException',
    ],
    rule: ['velocity', 'geo-mismatch', 'night', 'error-rate', 'new-device'],
    profile: ['prod', 'eu', 'pci', 'canary'],
    bean: ['refundController', 'orderRepository', 'errorPageCustomizer', 'fraudClient'],
  },
  statements: [
    ...routine(`
      240 INFO o.e.t.api.PaymentController | POST /payments order={order@} amount={money@} customer={customer@} method={one:card|wallet|transfer}
      ^ INFO o.e.t.psp.PspClient | {psp} authorised {money@} for {order@} in {int:40..3000} ms, ref {HEX:12}
      ^ INFO o.e.t.core.OrderStateMachine | Order {order@}: {state} -> {state} (trigger {one:webhook|user|timer})
      130 INFO o.e.t.fraud.FraudService | score of {order} is {float:0..0.6;3}, rules hit: {list:rule;0..4;, }
      80 INFO o.e.t.psp.WebhookController | webhook {uuid} from {psp} type={one:payment.captured|payment.failed|refund.created|dispute.opened} accepted
      60 DEBUG o.e.t.db.Pool | tillpool - stats (total={int:5..20}, active={int:0..20}, idle={int:0..10}, waiting=0)
      50 ERROR o.e.t.psp.PspClient | {psp} declined {order}: {one:insufficient funds|expired card|do not honour|}
      40 INFO o.e.t.kafka.Publisher | sent {one:OrderPaid|OrderFailed|RefundIssued} key={order} partition={int:0..11} offset={big:8}
      24 INFO o.e.t.cache.Rates | refreshed {int:10..180} exchange rates, USD/ILS={float:3..4;4}
      20 INFO o.e.t.api.RequestLog | GET /health 200 {int:1..90}ms
      14 INFO o.e.t.core.Dunning | reminder {int:1..3} of invoice {int:1..90000} sent to "{customer}"
      !50 INFO o.e.t.batch.Settlement | line {int:1..9000}: {order} {money} matched
      ~ INFO o.e.t.batch.Settlement | file "{psp} settlement {day}.csv" read, {int:1..9000} lines, 0 rejected
      ~ INFO o.e.t.batch.Settlement | totals agree: {money}
      ~ INFO o.e.t.TillworksApplication | Starting TillworksApplication v{int:3..5}.{int:0..40}.{int:0..9} using Java {int:17..25} with PID 7
      ~ INFO o.e.t.TillworksApplication | {int:1..3} profile(s) in force: {list:profile;1..3;, }
      ~ INFO o.e.t.TillworksApplication | Started in {float:4..40;3} seconds
      ~ INFO o.e.t.boot.Beans | component '{bean}' of class org.example.till.{one:Error|Retry|Plain}Proxy comes too early for some interceptors
      ~ ERROR o.e.t.resilience.Breaker | circuit '{psp}' changed from HALF_OPEN to CLOSED
      ~ INFO o.e.t.resilience.Breaker | circuit '{psp}' configured: failureRateThreshold={int:20..80}% wait={int:5..60}s
      ~ INFO o.e.t.fraud.FraudService | blocked list reloaded: {int:1..9000} cards, {int:1..900} addresses
      ~ INFO o.e.t.core.Refunds | refund of {order} over {money} queued, reason="{one:damaged|wrong size|customer error|}"
      ~ INFO o.e.t.db.Migrate | schema is at version {int:20..90}, no migration necessary
      ~ INFO o.e.t.api.Drain | shutting down in {int:5..30} s, {int:0..9} request(s) in flight
    `),
    ...borderline(`
      50 WARN o.e.t.psp.PspClient | {psp} failed for {order}, attempt {int:1..2}/3: {exc}
      24 WARN o.e.t.api.ExceptionMapper | 400 on /payments: Resolved [{exc}]
      16 WARN o.e.t.db.Pool | connection {hex:6} held for {int:30..90} s by {thread}, is this a leak?
      ~ WARN o.e.t.fraud.FraudService | score of {order} is {float:0.8..1;3}, sent to manual review
      ~ WARN o.e.t.psp.WebhookController | signature of webhook {uuid} does not match, ignored
      ~ WARN o.e.t.resilience.Breaker | circuit '{psp}' slow call rate {int:30..49}%
      ~ WARN o.e.t.kafka.Publisher | broker -1 ({ipport}) could not be reached, trying the next
    `),
    ...trouble(`
      ~ ERROR o.e.t.resilience.Breaker | circuit '{psp}' changed from CLOSED to OPEN, calls are refused
      !26 ERROR o.e.t.db.Pool | tillpool - no connection within 30000ms (total=20, active=20, idle=0, waiting={int:1..300})
      ~ ERROR o.e.t.core.OrderStateMachine | {order} was charged {money} but cannot be stored: {exc}
      ~ ERROR o.e.t.api.ExceptionMapper | Unhandled exception on {one:POST|GET} /payments/{order}: {exc}
      ~ INFO o.e.t.kafka.Publisher | giving up on {one:OrderPaid|RefundIssued} key={order}, event dropped
      ~ ERROR o.e.t.psp.PspClient | credentials of {psp} were rejected (401), all payments by {one:card|wallet} stop
      ~ ERROR o.e.t.batch.Settlement | totals differ: we have {money}, {psp} has {money}
      ~ FATAL o.e.t.TillworksApplication | Application run failed: {exc}
      ~ ERROR o.e.t.jvm.Monitor | heap at {int:98..100}% after full collection, OutOfMemoryError is near
      ~ ERROR o.e.t.jvm.Monitor | deadlock of {int:2..9} threads: [{list:thread;2..4;, }]
      ~ WARN o.e.t.fraud.FraudService | {int:200..9000} cards tried from {ip} in {int:1..9} min, card testing attack
      ~ INFO o.e.t.api.Drain | {int:1..40} request(s) did not finish and were cut off
      ~ WARN o.e.t.cache.Rates | no exchange rates since {int:24..90} h, checkout in foreign currency is off
    `),
  ],
};
