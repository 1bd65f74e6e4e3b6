"""Pasted text to documents: lines, paragraphs, JSON, code, Markdown."""
