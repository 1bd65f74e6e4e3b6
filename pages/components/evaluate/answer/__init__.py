"""The parts of the Answer step: what to do, what a month costs, which ratings would decide, other tools' figures."""
