"""openai: an image from a file, described."""

import base64
import mimetypes
import sys
from pathlib import Path

from openai import OpenAI

path = Path(sys.argv[1])
data = base64.b64encode(path.read_bytes()).decode()
url = f"data:{mimetypes.guess_type(path)[0]};base64,{data}"
completion = OpenAI().chat.completions.create(
    model="gpt-5-mini",
    messages=[
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": "What is in this image?"},
            ],
        }
    ],
)
print(completion.choices[0].message.content)
