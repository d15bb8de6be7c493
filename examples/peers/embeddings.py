"""openai: embeddings of 10,000 texts, 2,048 in a request, and the nearest to a question."""

from openai import OpenAI

texts = [f"Fact number {number}: {number} times two is {2 * number}." for number in range(10_000)]
with OpenAI() as client:
    embeddings: list[list[float]] = []
    tokens = 0
    for start in range(0, len(texts), 2048):
        response = client.embeddings.create(model="text-embedding-3-small", input=texts[start : start + 2048])
        embeddings += [item.embedding for item in response.data]
        tokens += response.usage.total_tokens
    question = client.embeddings.create(model="text-embedding-3-small", input="What is 21 times two?").data[0].embedding
    nearest = max(range(len(texts)), key=lambda place: sum(a * b for a, b in zip(question, embeddings[place])))
    print(texts[nearest], tokens)
