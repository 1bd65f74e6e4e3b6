"""Cut a text into its sentences, keeping the place of each."""

from __future__ import annotations

import re

# A sentence ends at ".", "!" or "?" and what closes it, before a space; or at the end of a line. The marks of Chinese
# and Japanese need no space behind them. "e.g. this" and "3.5" go on: no capital, digit or quotation mark follows.
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+[\"'“‘(\[¿¡]*[A-Z0-9À-ÞΑ-ЯА-Я])|[.!?…]+[\"'”’)\]]*(?=\s*$)|[。！？]+|\n+")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The places of a text's sentences, (start, stop) in characters, without the spaces around them. A blank text
    has none."""
    spans: list[tuple[int, int]] = []
    start = 0
    for stop in [*(match.end() for match in _END.finditer(text)), len(text)]:
        part = text[start:stop]
        if part.strip():
            begin = start + len(part) - len(part.lstrip())
            spans.append((begin, begin + len(part.strip())))
        start = stop
    return spans
