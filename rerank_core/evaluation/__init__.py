"""How good an order is, by people's ratings: measures, comparisons between runs, and the files they come in.

Words used throughout: *judgments* are {query id: {document id: grade}}, a *run* is {query id: documents best
first}. Everything heavy (numpy, ir-measures) is imported by the function that needs it.
"""

from rerank_core.evaluation.measure import Judgments, Measured, Run, measure

__all__ = ["Judgments", "Measured", "Run", "measure"]
