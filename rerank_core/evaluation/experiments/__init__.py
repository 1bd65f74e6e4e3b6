"""Running models over a query set: the plan, the runner, the ledger of answers."""
