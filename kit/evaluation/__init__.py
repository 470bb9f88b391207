"""Measuring a model: asking it many things under a quota, scoring what it answered, comparing systems.

Knows nothing of Azure or of notebooks: whoever asks a model hands in an asynchronous callable, and whoever
scores hands in answers and references. Import what you need from the modules below.
"""
