"""Attachments: files and URLs as parts of a message."""

import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ferrule
from ferrule.cli import failures

MAX_BYTES = 50 << 20


def part(given: str) -> dict[str, Any]:
    """The part of a message for a path or a URL. A URL that does not say what it leads to is that of an image.

    Raises:
        UsageError: There is no such file, or it is of no kind that models read.
    """
    if given.startswith(("http://", "https://")):
        is_pdf = mimetypes.guess_type(urlsplit(given).path)[0] == "application/pdf"
        return ferrule.document(given) if is_pdf else ferrule.image(given)
    path = Path(given).expanduser()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise failures.UsageError(f"--attach {given}: larger than {MAX_BYTES >> 20} MiB")
        return ferrule.attachment(path)
    except OSError as error:
        raise failures.UsageError(f"--attach {given}: {error.strerror}") from None
    except ValueError as error:
        raise failures.UsageError(f"--attach {given}: {error}") from None
