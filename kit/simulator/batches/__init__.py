"""Batches: files of requests, answered along the virtual clock by the same operations as single requests."""
