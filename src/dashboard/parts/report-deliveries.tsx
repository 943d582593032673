import type { ReportDeliveryView, ReportView } from '../../contract/reports.ts';
import { isOnItsWay } from '../messages/report-words.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { DeliveryMark } from './marks.tsx';
import { useWords } from './page-context.ts';
import { ShelfProblem } from './shelf-list.tsx';

interface ReportDeliveriesProps {
  readonly report: ReportView;
  /** Puts it on a shelf again; absent: the reader may not. */
  readonly onSend?: (shelf: string) => Promise<void>;
}

/** How the files fare, shelf by shelf. What is wrong with a shelf is said once, above its files. */
export function ReportDeliveries({ report, onSend }: ReportDeliveriesProps) {
  const words = useWords();
  const { deliveries } = report;
  if (deliveries.length === 0) return null;
  const shelves = [...new Set(deliveries.map(({ shelf }) => shelf))];
  return (
    <section aria-labelledby="deliveries-title">
      <h2 id="deliveries-title">{words.say('reportShelves')}</h2>
      {shelves.map((shelf) => {
        const own = deliveries.filter((one) => one.shelf === shelf);
        const wrong = own.find(({ state, error }) => state !== 'delivered' && error !== null);
        return (
          <section key={shelf} class="report-shelf" aria-label={shelf}>
            <div class="toolbar">
              <h3>
                <bdi>{shelf}</bdi>
              </h3>
              {onSend !== undefined && (
                <ConfirmButton
                  harmless
                  label={words.say('reportSendAgain')}
                  question={words.say('reportSendShelfAsk', { shelf })}
                  refusal={words.say('cancel')}
                  onConfirm={() => onSend(shelf)}
                />
              )}
            </div>
            {wrong !== undefined && <ShelfProblem error={wrong.error} hint={wrong.hint} />}
            <ul class="delivery-list">
              {own.map((one) => (
                <Delivery key={one.path} delivery={one} report={report} />
              ))}
            </ul>
          </section>
        );
      })}
    </section>
  );
}

function Delivery({ delivery, report }: { readonly delivery: ReportDeliveryView; readonly report: ReportView }) {
  const words = useWords();
  const { path, state, due_at: dueAt, delivered_at: at, link } = delivery;
  const { version, time_zone: zone } = report;
  const isOld = delivery.version !== null && delivery.version !== version;
  return (
    <li>
      <bdi dir="ltr" class="report-path">
        {path}
      </bdi>
      <DeliveryMark state={state} />
      <span class="soft">
        {state === 'delivered' && at !== null && <time dateTime={at}>{words.moment(at, zone)}</time>}
        {state === 'waiting' &&
          (dueAt === null || isOnItsWay(delivery)
            ? null
            : words.say('deliveryTriedAgain', { time: words.moment(dueAt, zone) }))}
        {isOld && ` ${words.say('deliveryOld', { version: words.number(delivery.version) })}`}
      </span>
      {link !== null && /^https?:\/\//.test(link) && (
        <a href={link} target="_blank" rel="noreferrer">
          {words.say('deliveryLink')}
        </a>
      )}
    </li>
  );
}
