"""How far raters agree, in figures and in words, and where they differ."""

from __future__ import annotations

import pytest

from rerank_core.evaluation.judging.agreement import agreement, disagreements, group_agreement
from rerank_core.evaluation.judging.pool import pool

RATERS = {
    "ann": {"q1": {"a": 3, "b": 0}, "q2": {"a": 1}},
    "ben": {"q1": {"a": 3, "b": 2}, "q2": {"a": 1, "c": 0}},
    "cem": {"q9": {"z": 1}},
}


def test_agreement_of_every_two_raters():
    """Only pairs that both rated count, and a pair of raters without any says so."""
    found = {(one.first, one.second): one for one in agreement(RATERS)}
    both = found["ann", "ben"]
    assert (both.pairs, both.agreed) == (3, pytest.approx(2 / 3))
    assert both.kappa == pytest.approx(4 / 7)  # chance agrees on 2 of 9, so 1 - (1/3) / (7/9)
    assert both.weighted == pytest.approx(0.5)  # squared distances: 4/3 seen, 24/9 by chance
    assert both.text == (
        "ann and ben rated 3 documents in common and agree on 67%: moderate agreement (weighted kappa 0.50, "
        "-1.00 to 1.00). "
        "So few say little: rate 30 or more in common"
    )
    assert found["ann", "cem"].text == "ann and cem have rated no document in common"
    assert found["ann", "cem"].kappa is None


def test_agreement_of_more_than_two():
    """One figure for all of them, over what at least two rated; two raters have one already."""
    assert group_agreement({name: RATERS[name] for name in ("ann", "ben")}) is None
    found = group_agreement(RATERS)
    assert found is not None
    assert (found.raters, found.pairs, found.agreed) == (3, 3, pytest.approx(2 / 3))
    assert found.text.startswith(
        "Of 3 documents that two or more of the 3 raters rated they agree on 67%: moderate agreement (weighted Fleiss'"
    )
    assert found.text.endswith("So few say little: rate 30 or more in common")
    apart = group_agreement({"ann": {"q": {"a": 1}}, "ben": {"q": {"b": 1}}, "cem": {}})
    assert apart is not None
    assert apart.text == "None of the 3 raters have rated a document in common"


def test_enough_documents_are_not_called_few():
    """30 in common, of which three are graded differently."""
    ann = {"q": {str(n): n % 4 for n in range(30)}}
    ben = {"q": {str(n): 0 if n in (1, 2, 3) else n % 4 for n in range(30)}}
    (found,) = agreement({"ann": ann, "ben": ben})
    assert "few" not in found.text
    assert found.interval is not None
    assert found.interval[0] < found.weighted < found.interval[1]


def test_disagreements_come_widest_first():
    """Every document that raters grade differently, with everybody's grade."""
    (one,) = disagreements(RATERS)
    assert (one.query, one.document, dict(one.grades), one.spread) == ("q1", "b", {"ann": 0, "ben": 2}, 2)


def test_the_pool_of_several_models():
    """The first documents of every run, best rank first, each once."""
    runs = [{"q": ("a", "b", "c")}, {"q": ("c", "a", "d"), "p": ("x",)}]
    assert pool(runs, 2) == {"q": ("a", "c", "b"), "p": ("x",)}
    with pytest.raises(ValueError, match="at least 1"):
        pool(runs, 0)
