"""Measure two orders of the same results against people's judgments, from TREC files.

python examples/evaluate_two_orders.py QRELS RUN RUN
"""

import sys
from pathlib import Path

from rerank_core import evaluation

DATA = Path(__file__).parent / "data"
SAMPLE = [f"{DATA}/judgments.qrels", f"{DATA}/keyword.run", f"{DATA}/reranked.run"]
MEASURES = ["nDCG@10", "RR", "P@5"]
qrels, *runs = map(Path, sys.argv[1:] or SAMPLE)

judgments = evaluation.read(qrels.name, qrels.read_bytes(), "trec-qrels").judgments
orders = {}
for path in runs:
    imported = evaluation.read(path.name, path.read_bytes(), "trec-run")
    for line, reason in imported.problems:
        print(f"{path.name}, line {line}: {reason}")
    orders[path.stem] = imported.run
    means = {name: found.mean for name, found in evaluation.measure(judgments, imported.run, MEASURES).items()}
    print(path.stem, *(f"{name} {mean:.3f}" for name, mean in means.items()))

for compared in evaluation.compare(judgments, orders, "nDCG@10").values():
    print(evaluation.describe(compared))
    if compared.warning:
        print(compared.warning)
