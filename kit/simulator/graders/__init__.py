"""Graders: their shapes, templates and formulas, and what reward a sample gets."""
