"""What a session holds for the Playground besides the texts."""

from __future__ import annotations

from dataclasses import dataclass

from pages.components.session import page_state
from rerank_core.storage.run_record import Run


@dataclass
class PlaygroundState:
    """The run that is shown, the document that is looked at, and whether a run is to be made without a press."""

    run: Run | None = None
    picked: str | None = None
    wanted: bool = False
    # Which texts the run belongs to: see Texts.replaced.
    replaced: int = 0
    # Whether the run is the saved answer to a request that was about to be paid for once more, and whether somebody
    # wants it sent all the same.
    reused: bool = False
    again: bool = False


def state() -> PlaygroundState:
    """This session's Playground."""
    return page_state.of(PlaygroundState)
