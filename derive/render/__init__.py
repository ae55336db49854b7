"""Markdown to one file format each; knows nothing of networks."""
