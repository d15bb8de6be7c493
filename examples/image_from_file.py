"""An image from a file, described."""

import sys
from pathlib import Path

import ferrule

content = [Path(sys.argv[1]), "What is in this image?"]
print(ferrule.complete("openai/gpt-5-mini", [{"role": "user", "content": content}]).text)
