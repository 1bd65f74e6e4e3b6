"""How good an order is, by people's ratings: measures, comparisons between runs, and the files they come in.

Words used throughout: a *grade* is the whole number that a person gives a document for a query, *judgments* are
{query id: {document id: grade}}, a *run* is {query id: documents best first}, and a *summary* is what an experiment
comes to. Everything heavy (numpy, ir-measures, openpyxl) is imported by the function that needs it.
"""

from rerank_core.documents.report import Problem
from rerank_core.evaluation.formats.columns import TABLE_ROLES
from rerank_core.evaluation.formats.detection import detect
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.kinds import KINDS, READABLE, Kind
from rerank_core.evaluation.formats.merging import merge
from rerank_core.evaluation.formats.reading import read
from rerank_core.evaluation.formats.registry import write
from rerank_core.evaluation.measures.measure import Judgments, Measured, RankedLists, measure
from rerank_core.evaluation.measures.significance import PairedTest, compare, describe

__all__ = [
    "KINDS",
    "READABLE",
    "TABLE_ROLES",
    "Imported",
    "Judgments",
    "Kind",
    "Measured",
    "PairedTest",
    "Problem",
    "RankedLists",
    "compare",
    "describe",
    "detect",
    "measure",
    "merge",
    "read",
    "write",
]
