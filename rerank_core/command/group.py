"""The command and its parts; a command line that names none of them is a query."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from rerank_core import __version__
from rerank_core.command.status import INPUT, INTERRUPTED, LIMIT, NO_ANSWER
from rerank_core.errors import InvalidRequestError, RerankError, SpendingLimitError

QUERY_COMMAND = "rank"
# Each in a module of its own, imported when it is asked for: evaluation is heavy, and a query needs none of it.
_COMMANDS = {
    QUERY_COMMAND: "rank.rank",
    "eval": "evaluate.evaluate",
    "bulk": "bulk.bulk",
    "serve": "serve.serve",
    "completion": "completion.completion",
}


class _Group(click.Group):
    """Takes `rerank "query" file` for `rerank rank "query" file`, and says errors in one sentence."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(".")
        found: click.Command = getattr(import_module(f"rerank_core.command.{module}"), name)
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in _COMMANDS and args[0] not in ("--help", "-h", "--version"):
            args = [QUERY_COMMAND, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RerankError as error:
            click.echo(f"rerank: {error}", err=True)
            raise SystemExit(_status(error)) from None
        except (KeyboardInterrupt, click.Abort):
            click.echo("rerank: stopped.", err=True)
            raise SystemExit(INTERRUPTED) from None


def _status(error: RerankError) -> int:
    if isinstance(error, SpendingLimitError):
        return LIMIT
    return INPUT if isinstance(error, InvalidRequestError) and error.status is None else NO_ANSWER


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, subcommand_metavar="QUERY [FILE]...")
@click.version_option(__version__, message="%(version)s")
def rerank() -> None:
    """Put texts and files in order for a question.

    \b
    rerank "how do I reset my password?" help/*.md
    cat results.jsonl | rerank "4 man tent" --top-n 5 --format jsonl
    rerank "refund" articles.csv --compare english,multilingual

    Without a key everything runs on this computer. `rerank rank --help` has all options of a query; one that is called
    like a command below is written after `rerank rank`.
    """
