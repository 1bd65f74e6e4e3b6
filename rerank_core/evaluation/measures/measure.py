"""Measures of a run against judgments, computed by ir-measures.

Names and definitions are ir-measures' (S. MacAvaney, C. Macdonald, I. Ounis, "Streamlining evaluation with
ir-measures", ECIR 2022), which computes them with trec_eval: `nDCG@10` takes the grade itself as the gain and log2
of rank + 1 as the discount, `RR`, `P@5`, `R@100` and `AP` count a document as relevant from grade 1 on,
`P(rel=2)@5` from grade 2 on. A document without a judgment counts as not relevant. The mean is over every judged
query, so one that the run lacks counts as 0.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rerank_core.errors import InvalidRequestError
from rerank_core.extras import require

Judgments = Mapping[str, Mapping[str, int]]
RankedLists = Mapping[str, Sequence[str]]

SMALLEST_GRADE, LARGEST_GRADE = -127, 127
"""The grades that trec_eval takes; those under 1 are not relevant."""

USUAL_LARGEST_GRADE = 3
"""The best grade of the usual scale, 0 to 3; ratings beyond it are on a scale of their own, such as 1 to 10."""

_MEANS = {"RR": "MRR", "AP": "MAP"}

# Those that compute in this process. Others that ir-measures knows start Perl or need packages of their own.
_PROVIDERS = ("pytrec_eval", "judged", "msmarco", "compat", "accuracy")
_EXAMPLES = "Use names such as nDCG@10, RR, P@5, R@100, AP, Judged@10 or P(rel=2)@5."


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure of one run: its `mean` over all judged queries and its value `by_query`.

    `missing` names the judged queries that the run lacks; they count as 0. Counts such as NumRelRet are summed,
    not averaged, as ir-measures does.
    """

    mean: float
    by_query: Mapping[str, float]
    missing: tuple[str, ...] = ()


def measure(judgments: Judgments, run: RankedLists, measures: Iterable[str]) -> dict[str, Measured]:
    """Measure a run: a mapping of query id to document ids, best first.

    Ids may hold anything, spaces included. Queries without judgments are left out. Raises InvalidRequestError
    where there are no judgments, a grade is no whole number from -127 to 127, a document stands twice in one
    list, or a measure is not known, ConfigurationError where the package ir-measures is missing.
    """
    require("Measuring", "evaluation", "ir_measures")
    names = [measures] if isinstance(measures, str) else list(measures)
    parsed = {name: _parse(name) for name in names}
    check_judgments(judgments)
    check_run(run)
    queries = list(judgments)
    missing = tuple(query for query in queries if query not in run)
    found = _values(judgments, run, list(dict.fromkeys(parsed.values())))
    result = {}
    for name, wanted in parsed.items():
        by_query = {query: found[wanted][query] for query in queries}
        total = math.fsum(by_query.values())
        result[name] = Measured(total if _is_summed(wanted) else total / len(queries), by_query, missing)
    return result


def mean_name(name: str) -> str:
    """What people call the mean of a measure over queries: MRR for RR, MAP for AP, others as they are called."""
    kind, bracket, rest = name.partition("(")
    return _MEANS.get(kind, kind) + bracket + rest


def check_judgments(judgments: Judgments) -> None:
    """Raise InvalidRequestError unless there is at least one judged query and every grade can be used."""
    if not judgments:
        raise InvalidRequestError("There are no judgments.", hint="Rate some results, or load a file of ratings.")
    for query, grades in judgments.items():
        for document, grade in grades.items():
            if isinstance(grade, bool) or not hasattr(grade, "__index__"):
                raise InvalidRequestError(
                    f"The grade of {document!r} for {query!r} is {grade!r}.", hint="Use whole numbers, such as 0 to 3."
                )
            if not SMALLEST_GRADE <= grade <= LARGEST_GRADE:
                raise InvalidRequestError(
                    f"The grade of {document!r} for {query!r} is {grade}.",
                    hint=f"Use grades from {SMALLEST_GRADE} to {LARGEST_GRADE}, best 0 to 3.",
                )


def check_run(run: RankedLists) -> None:
    """Raise InvalidRequestError where a list of documents is a string or names a document twice."""
    for query, documents in run.items():
        if isinstance(documents, str):
            raise InvalidRequestError(
                f"The documents of {query!r} are one string.", hint="Give a list of document ids, best first."
            )
        if len(set(documents)) != len(documents):
            twice = next(one for place, one in enumerate(documents) if one in documents[:place])
            raise InvalidRequestError(
                f"{twice!r} stands twice in the results of {query!r}.", hint="Keep its better place only."
            )


def _values(judgments: Judgments, run: RankedLists, measures: Sequence[Any]) -> dict[Any, dict[str, float]]:
    """Every measure for every judged query.

    trec_eval orders by score with ties broken by id, and takes C strings: so scores fall strictly, and ids are
    replaced by numbers, which no space, NUL or lone surrogate can break.
    """
    import ir_measures

    numbers = {query: str(number) for number, query in enumerate(judgments, start=1)}
    queries = {number: query for query, number in numbers.items()}
    qrels: dict[str, dict[str, int]] = {}
    scores: dict[str, dict[str, float]] = {}
    for query, number in numbers.items():
        known: dict[str, str] = {}
        qrels[number] = {
            known.setdefault(document, str(len(known))): int(grade) for document, grade in judgments[query].items()
        }
        if max(qrels[number].values(), default=-1) < 0:
            # Without any grade of 0 or more trec_eval reads memory that it never set, and nDCG may not end. A
            # document that no run returns gives it one and changes no measure.
            qrels[number]["-"] = 0
        ranked = run.get(query, ())
        if ranked:
            scores[number] = {
                known.setdefault(document, str(len(known))): float(len(ranked) - place)
                for place, document in enumerate(ranked)
            }
    registry: Any = ir_measures.providers.registry
    provider: Any = ir_measures.providers.FallbackProvider([registry[name] for name in _PROVIDERS])  # type: ignore[no-untyped-call]
    values: dict[Any, dict[str, float]] = {wanted: {} for wanted in measures}
    for together in _groups(measures):
        for metric in provider.evaluator(together, qrels).iter_calc(scores):
            if metric.query_id in queries:
                values[metric.measure][queries[metric.query_id]] = float(metric.value)
    return values


def _groups(measures: Sequence[Any]) -> list[list[Any]]:
    """Measures that may be computed in one go. Those with gains of their own are computed alone: ir-measures 0.4.3
    lets a plain nDCG in the same go use them, and loses the other (`_build_invokers` of its pytrec_eval provider)."""
    plain = [one for one in measures if "gains" not in one.params]
    return [plain] * bool(plain) + [[one] for one in measures if "gains" in one.params]


def _is_summed(parsed: Any) -> bool:
    import ir_measures

    return isinstance(parsed.aggregator(), ir_measures.SumAgg)


def _parse(name: str) -> Any:
    """The measure of that name. Not ir_measures.parse_measure, which needs parts of `ast` that Python 3.14 lacks."""
    import ir_measures

    try:
        node: ast.AST = ast.parse(str(name).strip(), mode="eval").body
        params: dict[str, Any] = {}
        at = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            at, node = ast.literal_eval(node.right), node.left
        if isinstance(node, ast.Call) and not node.args:
            params = {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in node.keywords}
            node = node.func
        kind = ir_measures.measures.registry[node.id if isinstance(node, ast.Name) else ""]
        if at is not None:
            params[kind.AT_PARAM] = at
        parsed = kind(**params)
        parsed.validate_params()
        if at is not None and (isinstance(at, bool) or at <= 0):
            raise ValueError("the depth is at least 1")
        supported = any(ir_measures.providers.registry[one].supports(parsed) for one in _PROVIDERS)
    except (SyntaxError, ValueError, TypeError, KeyError, AssertionError, RecursionError, MemoryError) as error:
        raise InvalidRequestError(f"There is no measure called {name!r}.", hint=_EXAMPLES) from error
    if not supported:
        raise InvalidRequestError(f"The measure {name} cannot be computed here.", hint=_EXAMPLES)
    return parsed
