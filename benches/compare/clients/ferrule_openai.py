"""The official openai SDK on Ferrule: the same program with one import line changed."""

from __future__ import annotations

import ferrule.openai
from clients import openai as official

TEXT_IS_RAW = False


class Client(official.Client):
    library = ferrule.openai
