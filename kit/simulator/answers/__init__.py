"""How a model answers, whoever asked: generation, structure, content filter, context, embeddings."""
