def test_the_corpus_that_was_searched_last_is_known_until_it_is_gone(tmp_path):
    """For every store of this machine; a corpus that is deleted, or a file of nonsense, is none."""
    store = CorpusStore(tmp_path)
    assert store.last_used is None
    one = store.create("Help centre", ["a text"])
    store.remember(one.id)
    assert CorpusStore(tmp_path).last_used == one.id
    assert [each.name for each in store.list()] == ["Help centre"]
    store.remember(None)
    assert store.last_used is None
    store.remember(one.id)
    store.delete(one.id)
    assert store.last_used is None
    (tmp_path / "last-used").write_bytes(b"\xff/../..")
    assert store.last_used is None
