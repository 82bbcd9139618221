import structlog

pytest_plugins = ["shared.testing.fixtures"]

structlog.configure(  # what is logged goes to pytest, which shows it where a test fails
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
)
