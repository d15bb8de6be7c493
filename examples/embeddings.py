"""Embeddings of 10,000 texts, in as few requests as the provider allows, and the nearest to a question."""

import ferrule

texts = [f"Fact number {number}: {number} times two is {2 * number}." for number in range(10_000)]
with ferrule.Client() as client:
    embeddings = client.embed("openai/text-embedding-3-small", texts)
    question = client.embed("openai/text-embedding-3-small", "What is 21 times two?")[0]
    nearest = max(range(len(texts)), key=lambda place: sum(a * b for a, b in zip(question, embeddings[place])))
    print(texts[nearest], embeddings.usage, embeddings.cost)
