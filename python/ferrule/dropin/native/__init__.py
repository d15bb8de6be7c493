"""Native path: an SDK's own calls to its own server, sent and read by the Rust core instead of the SDK's code.

`guards` says whether a call may take it, `templates` what the SDK would have sent, `call` makes the first attempt,
`streams` reads what is streamed, and `replay` hands everything that is not the usual answer to the SDK's own code,
which then retries, raises and parses as ever.
"""
