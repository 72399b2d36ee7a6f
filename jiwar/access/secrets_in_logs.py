"""No secret of a token in a log: an address may hold one, and whatever logs an address would keep it."""

import logging
import re

_SECRET = re.compile(r"jiwar_[A-Za-z0-9_-]{8,}")


class NoSecrets(logging.Filter):
    """Writes `jiwar_...` for every secret in a line, whoever logs it."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if "jiwar_" in text:
            record.msg, record.args = _SECRET.sub("jiwar_...", text), ()
        return True
