"""litellm: switching the provider by configuration: the program says `fast`, models.json says what that is."""

import json
from pathlib import Path

import litellm

litellm.model_alias_map = json.loads(Path("models.json").read_text("utf-8"))
response = litellm.completion(
    model="fast", messages=[{"role": "user", "content": "Why is the sky blue?"}], max_tokens=200
)
print(response.model, response.choices[0].message.content)
