"""Operations: the results of embeddings, reranking, images, audio, token counts and health checks, and their options.

The clients' methods (`ferrule/client.py`, `ferrule/async_client.py`) make one crossing each into
`crates/python/src/operations/`; the engine does the rest.
"""
