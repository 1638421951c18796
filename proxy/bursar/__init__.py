"""Bursar: a local proxy for AI tools that holds every call to a budget."""

__version__ = "0.1.0"
