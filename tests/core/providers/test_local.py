"""What stands behind a local score, in words."""

import rerank_core as rc
from rerank_core.providers.local import is_fitted_before, signals


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


def test_scores_from_before_the_models_were_fitted_again_are_told() -> None:
    """A saved run of English or Multilingual without the cross-encoder's part is of before; nothing else is."""
    before = {"results": [{"index": 0, "relevance_score": 0.09, "cosine": 0.5, "keyword": 0.1, "windows": 1}]}
    now = {"results": [{**before["results"][0], "logit": None}]}
    for model in ("local-english", "local-multilingual"):
        assert is_fitted_before(model, before)
        assert not is_fitted_before(model, now)
    assert not is_fitted_before("local-keyword", before)
    assert not is_fitted_before("local-english", {"results": [{"index": 0, "relevance_score": 0.5}]})
    assert not is_fitted_before(None, None)
    with rc.Client("local") as client:
        assert not is_fitted_before("local-english", client.rerank("reset", ["reset it"], model="local-keyword").raw)
