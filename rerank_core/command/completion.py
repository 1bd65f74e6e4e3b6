"""Completion of the command line, for three shells."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from rerank_core.errors import ConfigurationError
from rerank_core.providers import provider, providers
from rerank_core.providers.spec import ALIASES

_VARIABLE = "_RERANK_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete `rerank`.

    \b
    bash:  rerank completion bash > ~/.local/share/bash-completion/completions/rerank
    zsh:   rerank completion zsh > a file "_rerank" in a folder of $fpath
    fish:  rerank completion fish > ~/.config/fish/completions/rerank.fish
    """
    from rerank_core.command.group import rerank

    made = get_completion_class(shell)
    assert made is not None  # the three shells are click's own
    click.echo(made(rerank, {}, "rerank", _VARIABLE).source())


def provider_ids(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The providers whose id begins so."""
    return [CompletionItem(spec.id, help=spec.label) for spec in providers() if spec.id.startswith(begun)]


def model_ids(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The models of the chosen provider whose id or alias begins so; of several, the one that is being written."""
    before, comma, last = begun.rpartition(",")
    try:
        spec = provider(context.params.get("provider") or "local")
    except ConfigurationError:
        return []
    names = {model.id: model.label for model in spec.models}
    names.update({alias: model.label for alias in ALIASES if (model := spec.model(alias)) is not None})
    return [
        CompletionItem(f"{before}{comma}{name}", help=label) for name, label in names.items() if name.startswith(last)
    ]
