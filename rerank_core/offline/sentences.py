"""Cut a text into its sentences, keeping the place of each."""

from __future__ import annotations

import re

_CLOSING = "\"'”’»›)\\]」』）】》〉"
_MARKS = ".!?…؟۔"
_OPENING = re.compile("[\\s\"'“‘«‹„(\\[¿¡*_-]*")

# Three kinds of end. A mark before a space, which ends a sentence only where a new one begins behind it ("e.g. this"
# and "3.5" go on). A mark that needs no space, as in Chinese, Japanese, Hindi, Amharic and Khmer. A line break.
_END = re.compile(
    rf"(?<![{_MARKS}])(?P<mark>[{_MARKS}]++[{_CLOSING}]*+)(?=\s|$)"
    rf"|(?:[。！？｡।॥።။។։\u037e]|．(?!\d))++(?P<closed>[{_CLOSING}]*+)"
    r"|(?P<line>[\r\n\u2028\u2029]+)"
)
# What a single point may stand behind without ending anything: "1. Open it", "am 31. Dezember", "J. Smith", "Dr. Who".
_GOES_ON = re.compile(r"(?<![^\W_])(?:\d{1,2}|[^\W\d_]|Dr|Mrs?|Ms|Prof|Nr|Sra?)$")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The places of a text's sentences, (start, stop) in characters, without the spaces around them. A blank text
    has none.

    A single line break before a small letter is where a line was folded, and ends nothing.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for stop in [*(match.end() for match in _END.finditer(text) if _ends(match, text)), len(text)]:
        part = text[start:stop]
        if part.strip():
            begin = start + len(part) - len(part.lstrip())
            spans.append((begin, begin + len(part.strip())))
        start = stop
    return spans


def _ends(match: re.Match[str], text: str) -> bool:
    """Whether a sentence ends where something looks like it."""
    if line := match["line"]:
        return line not in ("\n", "\r\n", "\r") or not text[match.end() : match.end() + 1].islower()
    opening = _OPENING.match(text, match.end())
    first = text[opening.end() : opening.end() + 1] if opening else ""
    if not match["mark"]:
        # What is quoted ends with its quotation mark, and the sentence around it goes on.
        return not match["closed"] or opening is None or not first or opening.end() > match.end()
    if match["mark"] == "." and _GOES_ON.search(text, max(0, match.start() - 6), match.start()):
        return not first
    # Many scripts have no capitals: any letter that is not small begins a sentence there.
    return not first or first.isnumeric() or (first.isalpha() and not first.islower())
