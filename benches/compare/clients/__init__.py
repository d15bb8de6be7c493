"""One file per client under measurement, each with a class `Client` of the same four methods.

    Client(upstream, case, connections, messages)   for `<upstream>/<case>/v1/...`
    await complete()                                one plain call, whose text it returns
    await stream(deliver)                           one stream, with `deliver(text)` for each text
    await close()

A client that stamps arrivals itself, off Python's clock, also has `stream_stamped(deliver, note)`.
The loop over the events stands in the adapter, so that no generator of ours adds its cost to anybody's chunk.
`TEXT_IS_RAW` says that `deliver` gets the event's bytes unparsed (the floor). Nobody retries: a failure is to be seen.
"""
