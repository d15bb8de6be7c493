"""What clients do beside chat: the methods of `Client` and `AsyncClient`, and what they give back.

Each method makes one crossing (`crates/python/src/operations/`); the engine does the rest. Options are checked in
`start.py`; `blocking.py` and `awaited.py` differ in how they wait.
"""
