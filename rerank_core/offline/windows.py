"""Cut a long run of tokens into overlapping windows of one size."""

from __future__ import annotations


def window_bounds(tokens: int, size: int, overlap: int) -> tuple[tuple[int, int], ...]:
    """Half-open token ranges of at most `size` that cover `tokens` tokens, neighbours sharing `overlap` or more.

    Up to `size` tokens are one window, none are none. The last window is moved back so that it is full,
    rather than a few tokens torn from what they belong to. Raises ValueError unless 0 <= overlap < size.
    """
    if not 0 <= overlap < size:
        raise ValueError("the overlap must be smaller than the window")
    if tokens <= size:
        return ((0, tokens),) if tokens else ()
    starts = [*range(0, tokens - size, size - overlap), tokens - size]
    return tuple((start, start + size) for start in starts)
