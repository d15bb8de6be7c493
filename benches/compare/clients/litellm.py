"""litellm's acompletion, with telemetry off."""

from __future__ import annotations

import litellm
from clients import acompletion

litellm.telemetry = False

TEXT_IS_RAW = False


class Client(acompletion.Client):
    library = litellm
