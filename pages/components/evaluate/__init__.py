"""The Evaluate page: query sets, ratings, runs, measures, the cut-off, the cost, the report."""
