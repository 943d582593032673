"""Python's logging by OpenTelemetry's SDK to the lean agent's OTLP door: nothing of ours is needed in the program.

    pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
    OTEL_SERVICE_NAME=GROK python3 python_otel.py

The service's name becomes the AI agent's. An address other than http://127.0.0.1:4318 is set by OTEL_EXPORTER_OTLP_ENDPOINT.
OpenTelemetry batches and retries, but knows no idempotency keys: a batch whose answer was lost may be there twice.
"""

import logging

from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
set_logger_provider(provider)
logging.basicConfig(level=logging.INFO, handlers=[LoggingHandler(logger_provider=provider)])

logging.getLogger("code_review").info("reviewed %s", "a.py", extra={"pr": 512})

provider.shutdown()  # sends what is left
