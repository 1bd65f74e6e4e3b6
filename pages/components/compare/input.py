"""What is compared: the models, what stands in their way, the estimate; and what a first visit or a link brings."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components.compare import blind, run
from pages.components.compare.run import ComparePlan
from pages.components.compare.state import state
from pages.components.display.markdown import escaped
from pages.components.inputs import examples, fold, presenting
from pages.components.inputs.documents import FILES, inbox, link, read_fields
from pages.components.inputs.examples import TITLES, load_example
from pages.components.inputs.model import cost_metric
from pages.components.inputs.rank_fields import offer_titles, to_link
from pages.components.session import connection as connections
from pages.components.session import keys, query_params, reopened, unsaved
from pages.components.session.texts import DEFAULT_TOP_N, OWN, texts
from pages.components.sharing import received
from rerank_core import RerankError, language, pricing, provider, providers
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.ranking.contender import (
    MAX_CONTENDERS,
    Contender,
    contenders,
    full_name,
    key_of,
    keys_text,
    read_keys,
    short_names,
)

# The English story on which the models of this computer differ most.
FIRST = "product-search"
# Own documents are compared unasked, where that is free, as long as it takes a moment only.
_UNASKED_DOCUMENTS = 100


def default_choice() -> tuple[Contender, ...]:
    """The models on this computer: free, and there for everybody."""
    return tuple(Contender("local", model.id) for model in provider("local").models)


def restore_from_link() -> None:
    """Fill the page the first time it is seen in a session, and run what is free where a story was picked."""
    current, shared = state(), texts()
    first = not current.visited
    if first:
        current.visited = True
        chosen = read_keys(query_params.get(keys.MODELS)) or default_choice()
        st.session_state[keys.MODELS] = [key_of(contender) for contender in chosen]
        st.session_state[keys.BLIND] = query_params.get(keys.BLIND) == "1"
        blind.remember()
        if shared.example is None:
            _fill()
    opened = _open_received()
    chosen = _chosen()
    query, documents = st.session_state.get(keys.QUERY) or "", shared.working.documents
    untouched = examples.untouched()
    unasked = first and bool(query.strip()) and 0 < len(documents) <= _UNASKED_DOCUMENTS
    # Own texts are asked again where the stories of the presenter view come back to them.
    again = presenting.on() and not first and shared.replaced != current.replaced and bool(documents)
    current.replaced = shared.replaced
    if opened:
        current.wanted = False  # what was received runs when somebody presses Compare, and not before
    elif (untouched and current.example != shared.example) or ((unasked or again) and not untouched):
        free = bool(chosen) and all(provider(contender.provider).is_local for contender in chosen)
        current.wanted = free and not _shown(chosen)
    current.example = shared.example if untouched else None


def _open_received() -> bool:
    """Show the comparison that a link brought or that history has, where somebody has just opened one; whether somebody
    has."""
    runs, source = list(received.take_comparison()), "the link"
    if not runs:
        runs, source = run.of_history(reopened.take("compare")), "the saved runs"
    if not runs:
        return False
    first = runs[0]
    run.open_runs(runs)
    inbox().files.clear()
    texts().pasted = None
    examples.show_saved(first.request, first.order_name, source=source)
    known = read_keys(",".join(key_of(part.contender) for part in state().parts))
    st.session_state[keys.MODELS] = [key_of(contender) for contender in known or default_choice()]
    st.session_state[keys.TOP_N] = first.top_n or DEFAULT_TOP_N
    st.session_state[keys.BLIND] = False
    return True


def _fill() -> None:
    """The texts of a session that begins on this page: of the comparison or the story in the address, else ours."""
    examples.begin()
    asked = query_params.get(keys.RUNS)
    if asked:
        run.restore(asked)
    question = run.question()
    if question is not None:
        examples.show_saved(question.request, question.order_name, source="the saved runs")
        run.restored()
    else:
        story = query_params.get(keys.EXAMPLE) or (OWN if query_params.get(FILES.name) else None)
        if story == OWN:
            texts().example = OWN
        else:
            load_example(story if story in TITLES else FIRST)
    examples.choices_of_link()


def _chosen() -> tuple[Contender, ...]:
    return read_keys(",".join(st.session_state.get(keys.MODELS) or []))


def _shown(chosen: Sequence[Contender]) -> bool:
    """Whether the answers to what stands on the page are there already."""
    try:
        query, ordered = run.inputs()
    except RerankError:
        return False
    there = {part.contender for part in state().parts if run.answers(part, query, ordered) or not part.over}
    return set(chosen) <= there


def sync_query_params() -> None:
    """Keep the small choices in the address, so that it can be sent: never a text, never a key."""
    current, shared = state(), texts()
    chosen = _chosen()
    top = st.session_state.get(keys.TOP_N)
    left = link(answered[0].run.request if (answered := current.answered) and answered[0].run else None)
    wanted = {
        keys.MODELS: keys_text(chosen) if chosen != default_choice() else None,
        keys.EXAMPLE: shared.example if shared.example != FIRST else None,
        keys.TOP_N: str(top) if top not in (None, DEFAULT_TOP_N) else None,
        keys.PRESENTING: presenting.in_link(),
        keys.RANK_FIELDS: to_link(shared.rank_fields),
        keys.BLIND: "1" if st.session_state.get(keys.BLIND) else None,
        **left,
        keys.RUNS: ",".join(
            part.run_id for part in current.parts if any(left.values()) or unsaved.is_saved(part.run_id)
        )
        or None,
    }
    query_params.sync(wanted)


def may_hint() -> bool:
    """Whether a story or a note may say which model does well on these texts: in a blind test only after the vote."""
    current = state()
    if not blind.on():
        return True
    if not current.revealed:
        return False
    try:
        query, ordered = run.inputs()
    except RerankError:
        return False
    return any(run.answers(part, query, ordered) for part in current.answered)


def models_control() -> tuple[Contender, ...]:
    """Which models take part, of any connection, and what must be known of them before the button."""
    ready = {spec.id for spec in providers() if connections.of(spec.id).set_up}
    first = sorted(contenders(), key=lambda contender: contender.provider not in ready)
    everybody = {key_of(contender): contender for contender in first}
    st.multiselect(
        "Models",
        list(everybody),
        format_func=lambda key: full_name(everybody[key]),
        key=keys.MODELS,
        max_selections=MAX_CONTENDERS,
        persist_state="session",
        wrap=True,
        placeholder="Choose up to four models",
        help="Up to four, of any connection. The connection in the sidebar is for the other pages.",
    )
    chosen = _chosen()
    _notes(chosen)
    return chosen


def _notes(chosen: Sequence[Contender]) -> None:
    waiting = []
    for service in dict.fromkeys(contender.provider for contender in chosen):
        connection = connections.of(service)
        if not connection.ready:
            waiting.append(connection.provider.label)
    if waiting:
        st.caption(f":material/key: {' and '.join(waiting)}: not set up yet. The other models run without it.")
        st.page_link("connections.py", label="Set up the connection", icon=":material/cable:")
    english = []
    for contender, name in zip(chosen, short_names(chosen), strict=True):
        spec = provider(contender.provider)
        model = spec.model(contender.model)
        reason = spec.unavailable_reason(contender.model)
        if reason:
            st.caption(f":material/block: {name} is not available on this computer.")
            st.text(reason)
        elif model is not None and model.notice and not spec.is_local:
            st.caption(escaped(f":material/event_busy: {name}: {model.notice}"))
        if model is not None and model.languages == "english":
            english.append(name)
    if english and may_hint():
        documents = [document.text for document in texts().working.documents]
        found = language.english_mismatch(st.session_state.get(keys.QUERY) or "", documents)
        if found:
            made = f"{english[0]} is" if len(english) == 1 else f"{', '.join(english[:-1])} and {english[-1]} are"
            st.caption(f":material/translate: Some of this is {found}, and {made} made for English.")


def estimate(planned: ComparePlan) -> None:
    """What pressing Compare now would cost in all, and for each model."""
    names = short_names([share.contender for share in planned.shares])
    sentences = []
    for share, name in zip(planned.shares, names, strict=True):
        if share.answered is not None:
            sentences.append(f"**{name}**: $0, a saved answer")
            continue
        units = share.estimate.search_units
        counted = "" if not units else f", {units:,} search unit{'s' if units != 1 else ''}"
        sentences.append(f"**{name}**: {pricing.money_text(share.estimate.amount)}{counted}")
    sentences += dict.fromkeys(line for share in planned.shares for line in share.estimate.assumptions)
    cost_metric(planned.cost.text, sentences)


def kept_note(planned: ComparePlan) -> None:
    """Which answers are there already and are not paid again."""
    if planned.kept:
        names = short_names([part.contender for part in planned.kept])
        verb = "is" if len(names) == 1 else "are"
        st.caption(f":material/inventory_2: {', '.join(names)} {verb} there already and not sent again.")
    saved = [share.contender for share in planned.shares if share.answered is not None]
    if saved:
        names = short_names(saved)
        said = "has a saved answer" if len(names) == 1 else "have saved answers"
        st.caption(escaped(f":material/inventory_2: {', '.join(names)} {said} to the very same, shown for $0."))


def _with_titles() -> None:
    texts().rank_fields, state().wanted = TITLE_AND_TEXT, True


def fold_line(chosen: Sequence[Contender]) -> None:
    """The inputs in a line. They are open where they are no longer those of the comparison."""
    names = short_names(chosen)
    models = names[0] if len(names) == 1 else f"{len(names)} models"
    fold.line(run.FOLD, run.has_result(), fold.of_texts(models), stale=changed(chosen) is not None)


def changed(chosen: Sequence[Contender]) -> str | None:
    """What is no longer as it was compared; None where all is, or nothing has been."""
    current, answered = state(), state().answered
    if not current.parts or current.under_way or run.COMPARE.job().asking:
        return None
    query, ordered = run.inputs()
    if answered and not all(run.answers(part, query, ordered) for part in answered):
        same = all(part.run is not None and part.run.request.rank_fields == read_fields() for part in answered)
        return "texts" if same else "choice of what the models read"
    return "models" if set(chosen) != {part.contender for part in current.parts} else None


def stale_notice(chosen: Sequence[Contender]) -> None:
    """Say that what stands above is no longer what was compared, or that it was of the texts alone."""
    current, what = state(), changed(chosen)
    if current.under_way or run.COMPARE.job().asking or presenting.on():
        return
    if what is None:
        said = "This comparison read only the texts.", "Compare with titles"
        documents = texts().working.documents
        offer_titles(read_fields() if current.answered else (), documents, keys.DOCUMENTS, said, _with_titles)
        return
    st.caption(f":material/history: The {what} changed since. Press Compare to bring the result up to date.")
