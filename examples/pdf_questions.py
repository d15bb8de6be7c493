"""A PDF from a file, and a question about it."""

import sys
from pathlib import Path

import ferrule

content = [Path(sys.argv[1]), "What is this about?"]
print(ferrule.complete("anthropic/claude-sonnet-4-5", [{"role": "user", "content": content}], max_tokens=500).text)
