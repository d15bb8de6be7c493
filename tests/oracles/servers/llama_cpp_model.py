"""A tiny model for llama.cpp whose next token depends on the last one only, so that a prompt decides what it says.

    python llama_cpp_model.py FILE

Its one layer adds nothing: a token is a direction of its own, and the output layer maps each to the one that follows.
The template ends the prompt with what stands behind `say:` in the last message, which is a token of its own.
"""

from __future__ import annotations

import sys

import gguf
import numpy

TEMPLATE = """
{%- if tools %}<|system|># Tools

You may call functions. They are within <tools></tools>:
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools>
For each call return a JSON object within <tool_call></tool_call>:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><|end|>
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'assistant' %}<|assistant|>
{%- if message.reasoning_content %}<think>
{{ message.reasoning_content }}
</think>
{%- endif %}{{ message.content }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|end|>
{%- elif message.role == 'tool' %}<|user|><tool_response>
{{ message.content }}
</tool_response><|end|>
{%- else %}<|{{ message.role }}|>{{ message.content }}<|end|>
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|assistant|>
{%- set last = messages[-1].content %}
{%- if 'say:' in last %}{{ 'say:' ~ last.split('say:')[-1] }}{% endif %}
{%- endif %}"""

GRIN = "\U0001f600".encode()
SAID = {
    "say:plain": ["Hello", " from", " a", " tiny", " model."],
    "say:tool": ["<tool_call>", '\n{"name": "get_weather", "arguments": ', '{"city": "Oslo"}}', "\n</tool_call>"],
    "say:thought": ["<think>", "Let me", " think it", " over.", "</think>", "It is", " done."],
    # A character in four tokens, each a byte of it.
    "say:grin": ["A grin: ", *GRIN, " it was."],
    "say:endless": [" and on", " and so"],
}
"""What is said behind a prompt that ends so. No token is said twice, but for the last one of all that is endless."""

HEAD = 32


class Vocabulary:
    """Tokens, and which of them follows which."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.kinds: list[int] = []
        self.next: dict[int, int] = {}
        kinds = gguf.TokenType
        self.unknown = self.add("<unk>", kinds.UNKNOWN)
        self.start = self.add("<s>", kinds.CONTROL)
        self.end = self.add("<|end|>", kinds.CONTROL)
        self.bytes = [self.add(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
        for role in ("system", "user", "assistant"):
            self.add(f"<|{role}|>", kinds.CONTROL)
        for prompt, pieces in SAID.items():
            here = self.add(prompt, kinds.USER_DEFINED)
            for piece in pieces:
                there = self.bytes[piece] if isinstance(piece, int) else self.add(piece, kinds.USER_DEFINED)
                self.next[here] = there
                here = there
        # It begins again with what it said first.
        self.next[self.tokens.index(SAID["say:endless"][-1])] = self.tokens.index(SAID["say:endless"][0])
        while len(self.tokens) % HEAD:
            self.add(f"<unused{len(self.tokens)}>", kinds.UNUSED)

    def add(self, text: str, kind: int) -> int:
        self.tokens.append(text)
        self.kinds.append(kind)
        return len(self.tokens) - 1


def write(path: str) -> None:
    vocabulary = Vocabulary()
    size = len(vocabulary.tokens)
    model = gguf.GGUFWriter(path, "llama")
    model.add_name("tiny")
    model.add_context_length(4096)
    model.add_embedding_length(size)
    model.add_block_count(1)
    model.add_feed_forward_length(HEAD)
    model.add_head_count(size // HEAD)
    model.add_head_count_kv(size // HEAD)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_rope_dimension_count(HEAD)
    model.add_vocab_size(size)
    model.add_file_type(0)
    model.add_tokenizer_model("llama")
    model.add_token_list([token.encode() for token in vocabulary.tokens])
    model.add_token_scores([0.0] * size)
    model.add_token_types(vocabulary.kinds)
    model.add_bos_token_id(vocabulary.start)
    model.add_eos_token_id(vocabulary.end)
    model.add_unk_token_id(vocabulary.unknown)
    model.add_add_bos_token(True)
    model.add_add_space_prefix(False)
    model.add_chat_template(TEMPLATE)
    output = numpy.zeros((size, size), dtype=numpy.float32)
    for token in range(size):
        output[vocabulary.next.get(token, vocabulary.end), token] = 30
    nothing = numpy.zeros((size, size), dtype=numpy.float32)
    ones = numpy.ones(size, dtype=numpy.float32)
    model.add_tensor("token_embd.weight", numpy.eye(size, dtype=numpy.float32))
    model.add_tensor("output.weight", output)
    model.add_tensor("output_norm.weight", ones)
    model.add_tensor("blk.0.attn_norm.weight", ones)
    model.add_tensor("blk.0.ffn_norm.weight", ones)
    for part in ("q", "k", "v", "output"):
        model.add_tensor(f"blk.0.attn_{part}.weight", nothing)
    for part in ("gate", "up"):
        model.add_tensor(f"blk.0.ffn_{part}.weight", nothing[:HEAD])
    model.add_tensor("blk.0.ffn_down.weight", numpy.ascontiguousarray(nothing[:, :HEAD]))
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


if __name__ == "__main__":
    write(sys.argv[1])
