"""Bulk scoring on a Ray cluster of two nodes on loopback, one of which may be killed half-way. Prints JSON."""

import json
import sys
from decimal import Decimal

import ray
from ray.cluster_utils import Cluster

from rerank_core.bulk.on_ray import run_bulk_on_ray
from rerank_core.bulk.parts import BulkOptions
from rerank_core.errors import RerankError

told = json.loads(sys.argv[1])
limit = told["options"].pop("limit", None)
options = BulkOptions(**told["options"], rank_fields=("text",), limit=None if limit is None else Decimal(limit))
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
other = cluster.add_node(num_cpus=1)
ray.init(address=cluster.address, log_to_driver=False)
seen = []


def on_progress(at):
    """Once some parts are there, the second machine goes without a word."""
    seen.append(at.parts)
    if told["kill_after"] == len(seen):
        cluster.remove_node(other, allow_graceful=False)


found = {"nodes": len(ray.nodes())}
try:
    ended = run_bulk_on_ray(
        told["source"], told["target"], told["provider"], options, on_progress, base_url=told["base_url"], at_once=2
    )
    found["ended"] = ended.as_dict()
except RerankError as error:
    found["refused"] = [error.code, error.message]
found["alive"] = sum(node["Alive"] for node in ray.nodes())
ray.shutdown()
cluster.shutdown()
print(json.dumps(found))
