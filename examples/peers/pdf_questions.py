"""anthropic: a PDF from a file, and a question about it."""

import base64
import sys
from pathlib import Path

from anthropic import Anthropic

data = base64.b64encode(Path(sys.argv[1]).read_bytes()).decode()
message = Anthropic().messages.create(
    model="claude-sonnet-4-5",
    max_tokens=500,
    messages=[
        {
            "role": "user",
            "content": [
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}},
                {"type": "text", "text": "What is this about?"},
            ],
        }
    ],
)
print("".join(block.text for block in message.content if block.type == "text"))
