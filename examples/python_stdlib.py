"""Python's own logging, kept with the lean agent of this server. Standard library only; copy this file into your program.

    import logging
    from python_stdlib import NervesysHandler

    logging.basicConfig(level=logging.INFO, handlers=[NervesysHandler(agent_id="GROK")])
    logging.info("reviewed %s", "a.py", extra={"action": "code_review", "context": {"pr": 512}})

Records go in batches, in order, one request at a time. A batch that failed is sent again under the same Idempotency-Key, so that the
agent counts it once. While the agent is away records wait in memory, at most QUEUE_RECORDS_MAX; those past that, and those the
agent didn't take by the end of the program, go to standard error as NDJSON. Nothing here raises into the program.

Run by itself it sends a few records: NERVESYS_AGENT_ID=GROK python3 python_stdlib.py
"""

import atexit
import collections
import datetime
import http.client
import json
import logging
import os
import random
import sys
import threading
import time
import urllib.parse
import uuid

BATCH_RECORDS_MAX = 500
BATCH_AGE_SECONDS = 0.05
QUEUE_RECORDS_MAX = 20_000
REQUEST_TIMEOUT_SECONDS = 15
BACKOFF_SECONDS = (0.1, 2.0)
RETRY_AFTER_SECONDS_MAX = 10

# What logging itself puts on a record; anything else came by `extra` and belongs into the context.
_OWN_FIELDS = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "action", "context"}


def _level(number):
    if number >= logging.CRITICAL:
        return "CRITICAL"
    if number >= logging.ERROR:
        return "ERROR"
    if number >= logging.WARNING:
        return "WARN"
    return "INFO" if number >= logging.INFO else "DEBUG"


class NervesysHandler(logging.Handler):
    """Takes what it isn't told from NERVESYS_AGENT_ID and NERVESYS_URL, as `nervesys exec` sets them."""

    def __init__(self, agent_id=None, url=None, action="", exit_timeout_seconds=3.0, level=logging.NOTSET):
        super().__init__(level)
        self._agent_id = agent_id or os.environ.get("NERVESYS_AGENT_ID")
        self._url = urllib.parse.urlsplit(url or os.environ.get("NERVESYS_URL") or "http://127.0.0.1:4318")
        self._action = action
        self._exit_timeout = exit_timeout_seconds
        self._waiting = collections.deque()
        self._in_flight = []
        self._changed = threading.Condition()
        self._deadline = None  # set once, when the program ends
        self._connection = None
        self._thread = threading.Thread(target=self._run, name="nervesys", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def emit(self, record):
        try:
            line = self._line(record)
        except Exception:
            self.handleError(record)
            return
        with self._changed:
            if self._deadline is None and len(self._waiting) + len(self._in_flight) < QUEUE_RECORDS_MAX:
                self._waiting.append(line)
                self._changed.notify_all()
                return
        sys.stderr.write(line + "\n")

    def flush(self, timeout_seconds=10.0):
        """Waits until everything is delivered; says whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._in_flight, timeout_seconds)

    def close(self):
        """Delivers what waits, for as long as the program's end may take; the rest goes to standard error."""
        with self._changed:
            if self._deadline is not None:
                return
            self._deadline = time.monotonic() + self._exit_timeout
            self._changed.notify_all()
        atexit.unregister(self.close)
        self._thread.join(self._exit_timeout + 0.5)
        with self._changed:
            left = [*self._in_flight, *self._waiting]
            self._in_flight, self._waiting = [], collections.deque()
        for line in left:
            sys.stderr.write(line + "\n")
        super().close()

    def _line(self, record):
        context = {key: value for key, value in vars(record).items() if key not in _OWN_FIELDS}
        context["logger"] = record.name
        given = getattr(record, "context", None)
        if given is not None:
            context.update(given if isinstance(given, dict) else {"value": given})
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            formatter = self.formatter or logging.Formatter()
            context["error"] = {
                "name": type(error).__name__,
                "message": str(error),
                "stack": formatter.formatException(record.exc_info),
            }
        at = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        fields = {
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": _level(record.levelno),
            "action": str(getattr(record, "action", self._action)),
            "message": record.getMessage(),
            "context": context,
        }
        if self._agent_id:
            fields["agent_id"] = self._agent_id
        return json.dumps(fields, default=str, skipkeys=True)

    def _run(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._deadline is not None)
                if not self._waiting:
                    return
                if len(self._waiting) < BATCH_RECORDS_MAX and self._deadline is None:
                    self._changed.wait_for(lambda: self._deadline is not None, BATCH_AGE_SECONDS)
                count = min(BATCH_RECORDS_MAX, len(self._waiting))
                self._in_flight = [self._waiting.popleft() for _ in range(count)]
                batch = list(self._in_flight)
            refused = self._deliver(batch)
            if refused is None:
                return  # out of time: close() takes care of the rest
            for line in refused:
                sys.stderr.write(line + "\n")
            with self._changed:
                self._in_flight = []
                self._changed.notify_all()

    def _deliver(self, batch):
        """Tries until the agent has answered; the lines it refused, or None when the program's end came first."""
        body = ("\n".join(batch) + "\n").encode()
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": str(uuid.uuid4())}
        attempt = 0
        while True:
            wait = None
            try:
                status, retry_after, answer = self._post(body, headers)
                if status == 200 and "accepted" in answer:
                    return [batch[one["line"] - 1] for one in answer["rejected"]]
                if status == 413 and "code" in answer and len(batch) > 1:
                    half = len(batch) // 2
                    first = self._deliver(batch[:half])
                    second = None if first is None else self._deliver(batch[half:])
                    return None if second is None else first + second
                if status in (400, 413, 415, 422) and "code" in answer:
                    return batch
                wait = retry_after
            except (OSError, http.client.HTTPException, ValueError):
                self._disconnect()
            attempt += 1
            if wait is None:
                ceiling = min(BACKOFF_SECONDS[1], BACKOFF_SECONDS[0] * 2 ** min(attempt - 1, 10))
                wait = ceiling / 2 * (1 + random.random())
            if not self._pause(min(wait, RETRY_AFTER_SECONDS_MAX)):
                return None

    def _post(self, body, headers):
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
            self._connection = kind(self._url.hostname, self._url.port, timeout=REQUEST_TIMEOUT_SECONDS)
        self._connection.request("POST", "/logs", body, headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        after = response.getheader("Retry-After") or ""
        return response.status, float(after) if after.isdigit() else None, answer if isinstance(answer, dict) else {}

    def _disconnect(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _pause(self, seconds):
        """False when the program's end leaves no time for another attempt."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                now = time.monotonic()
                if self._deadline is not None and now >= self._deadline:
                    return False
                if now >= end:
                    return True
                self._changed.wait(min(end, self._deadline or end) - now)


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, handlers=[NervesysHandler(action="example")])
    log = logging.getLogger("example")
    log.info("ready for work")
    log.info("reviewed %s", "a.py", extra={"action": "code_review", "context": {"pr": 512}})
    try:
        json.loads("not JSON")
    except ValueError:
        log.exception("the model answered nonsense")
    for number in range(1, int(os.environ.get("EXAMPLE_RECORDS", "10")) + 1):
        log.debug("record %d", number, extra={"n": number})
        time.sleep(float(os.environ.get("EXAMPLE_PAUSE_SECONDS", "0")))
