"""`rerank`, the command: one query over texts and files, and what a search team's own scripts ask for.

Results go to standard output, everything else (progress, notes, errors) to standard error. The exit status says how it
ended:

* 0 what was asked for was done
* 1 a bar that was set was missed (`rerank eval --min`, `--no-worse-than`)
* 2 the command line makes no sense
* 3 the input cannot be used
* 4 the model could not answer: no key, no connection, no such model, a package that is missing
* 5 the spending limit does not allow it; nothing was sent
* 130 somebody pressed Ctrl+C
"""

from __future__ import annotations

import sys

from rerank_core.command.status import NO_ANSWER


def main() -> None:
    """What the installed script `rerank` runs; ends the process with the exit status."""
    from rerank_core import extras
    from rerank_core.errors import ConfigurationError

    try:
        extras.require("The command", "command", "click")
    except ConfigurationError as error:
        print(f"rerank: {error}", file=sys.stderr)
        raise SystemExit(NO_ANSWER) from None
    from rerank_core.command.group import rerank

    rerank(prog_name="rerank")
