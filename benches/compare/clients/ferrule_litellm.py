"""litellm's functions on Ferrule, for a program that imported litellm."""

from __future__ import annotations

import ferrule.litellm
from clients import acompletion

TEXT_IS_RAW = False


class Client(acompletion.Client):
    library = ferrule.litellm
