"""The official anthropic SDK on Ferrule: the same program with one import line changed."""

from __future__ import annotations

import ferrule.anthropic
from clients import anthropic as official

TEXT_IS_RAW = False


class Client(official.Client):
    library = ferrule.anthropic
