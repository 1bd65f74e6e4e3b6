"""The board of a run as a picture, with the names that the pages give to models and connections."""

from __future__ import annotations

from pages.components.session import thresholds
from rerank_core import provider
from rerank_core.exports import board_svg
from rerank_core.storage.run_record import Run


def board_picture(run: Run, top_n: int, *, dark: bool) -> str:
    """The board as the text of an SVG file."""
    spec = provider(run.connection)
    model = spec.model(run.response.model)
    return board_svg.board_svg(
        run.response,
        order_name=run.order_name,
        top_n=top_n,
        scale=thresholds.scale(run),
        model_label=model.label if model else None,
        connection_label=spec.label,
        dark=dark,
    )
