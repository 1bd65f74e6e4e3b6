"""Every query of a set to every model: the plan, the runner, and the ledger in which each answer is written down."""
