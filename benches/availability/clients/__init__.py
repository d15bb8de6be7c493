"""One file per client under test, each with a class `Caller` of three methods.

    Caller(urls, strategy)      for three providers, of which the first fails; `urls` are their base URLs
    await call(streamed)        one call, plain or streamed; returns the text that the caller got, or raises
    await close()

Each is set up as its documentation shows, with its own defaults, two retries and a limit of 30 seconds for the call.
"""
