"""Python code of others as a subject. It runs in a worker process of its own, never in the oracle."""
