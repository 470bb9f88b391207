"""The HTML edition: labs as pages, in every language, made with nbconvert and a template of its own."""

from kit.notebooks.site.pages import Site

__all__ = ["Site"]
