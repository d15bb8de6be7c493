"""One file per client under measurement, each with a class `Client` of the same four methods.

    Client(upstream, case, connections, messages)   `upstream` is `http://127.0.0.1:<port>`; the case is the first path segment
    await complete()                                one plain call, its text read
    await stream(deliver)                           one stream; `deliver(text)` for each text, from the client's own loop
    await close()

The loop over the events stands in the adapter, so that no generator of ours adds its cost to anybody's chunk.
`TEXT_IS_RAW` says that `deliver` gets the event's bytes unparsed (the floor). Nobody retries: a failure is to be seen.
"""
