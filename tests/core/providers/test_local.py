"""What stands behind a local score, in words."""

import rerank_core as rc
from rerank_core.providers.local import signals


def test_every_scored_row_says_what_it_is_made_of() -> None:
    """The keyword model has no cosine, a bar's tooltip says so by leaving it out."""
    with rc.Client("local") as client:
        response = client.rerank("reset password", ["reset it", "other"], model="local-keyword")
    found = signals(response.raw)
    assert set(found) == {0, 1}
    assert all(words.startswith("keyword match ") for words in found.values())


def test_a_hosted_body_has_no_signals() -> None:
    """A body of another provider, or none, gives nothing."""
    assert signals({"results": [{"index": 0, "relevance_score": 0.5}]}) == {}
    assert signals(None) == {}
    assert signals(({"results": []}, {})) == {}
