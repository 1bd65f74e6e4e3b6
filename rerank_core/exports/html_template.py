"""The one way in which a file of HTML is made from a template: whatever is put into it is text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path, finalize: Callable[..., Any] | None = None) -> Environment:
    """What makes the templates of a folder: values are escaped, and one that is not there is an error and no gap.
    `finalize` turns each value into what is shown of it. Needs Jinja2, of the extra "evaluation"."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
