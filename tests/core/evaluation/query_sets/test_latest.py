"""What was read last is at hand at its version alone, and only so much of it."""

from __future__ import annotations

import pytest

from rerank_core.evaluation.query_sets.latest import Latest


def test_a_value_is_read_once_for_each_version():
    """Another version is read anew and takes its place; what cannot be read takes nobody's."""
    latest = Latest(len, 10)
    reads = []

    def reading(value):
        def read():
            reads.append(value)
            return value

        return read

    assert latest.of("a", 1, reading("one")) == latest.of("a", 1, reading("two")) == "one"
    assert latest.of("a", 2, reading("three")) == latest.of("a", 2, reading("four")) == "three"
    assert latest.of("a", 1, reading("five")) == "five", "an earlier state is another one"
    assert reads == ["one", "three", "five"]
    with pytest.raises(ZeroDivisionError):
        latest.of("b", 1, lambda: 1 / 0)
    assert latest.of("b", 1, reading("six")) == "six"


def test_the_longest_unused_go():
    """Within the limit of all sizes together; what is larger than that is never kept."""
    latest = Latest(len, 10)
    for name in ("aaaa", "bbbb"):
        latest.of(name, 1, lambda name=name: name)
    latest.of("aaaa", 1, lambda: "read again")
    latest.of("cccc", 1, lambda: "cccc")
    assert latest.of("aaaa", 1, lambda: "read again") == "aaaa"
    assert latest.of("bbbb", 1, lambda: "read again") == "read again"
    assert latest.of("large", 1, lambda: "x" * 11) == "x" * 11
    assert latest.of("large", 1, lambda: "y") == "y"
