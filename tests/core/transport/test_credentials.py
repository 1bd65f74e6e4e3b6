"""A provider's key and a search engine's credentials: what never shows them."""

from __future__ import annotations

import base64
import copy
import json
import pickle

import pytest

from rerank_core.transport.credentials import ApiKey, Credentials

SECRET = "gw_test_s3cret-of-ours"
OF_EACH_KIND = {
    "a key": ApiKey,
    "a password": lambda secret: Credentials.basic("user", secret),
    "an engine's key": Credentials.api_key,
    "an engine's key in two parts": lambda secret: Credentials.api_key(f"id:{secret}"),
}


@pytest.fixture(params=OF_EACH_KIND)
def make(request):
    """How a secret of each kind is made."""
    return OF_EACH_KIND[request.param]


def test_a_secret_does_not_show_itself(make):
    """repr, str and format are ***."""
    secret = make(SECRET)
    assert (repr(secret), str(secret), f"{secret}", f"{secret:>5}", f"{[secret]}") == ("***",) * 3 + ("  ***", "[***]")


def test_a_secret_compares_by_its_value(make):
    """Two of one kind are equal, and one in a set, where their secrets are the same."""
    assert make(SECRET) == make(SECRET) != make("another")
    assert len({make(SECRET), make(SECRET), make("another")}) == 2
    assert make(SECRET) != SECRET


@pytest.mark.parametrize("keep", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_gets_into_no_file(make, keep):
    """It is not pickled, copied or written as JSON."""
    with pytest.raises(TypeError):
        keep(make(SECRET))


def test_a_long_secret_is_cut_out_anywhere(make):
    """Also from the middle of a word."""
    assert make(SECRET).redact(f"x{SECRET}y") == "x***y"


def test_a_short_secret_is_cut_out_as_a_whole_word_only(make):
    """A secret that is an ordinary word does not tear others apart."""
    assert make("test").redact("a test, latest tests: test") == "a ***, latest tests: ***"


def test_the_header_is_cut_out_as_well():
    """What a search engine repeats of the header is put out of sight too."""
    token = base64.b64encode(f"user:{SECRET}".encode()).decode()
    assert Credentials.basic("user", SECRET).redact(f"got Basic {token}") == "got Basic ***"


def test_no_credentials_hide_nothing():
    """An open search engine has no header and nothing to cut out."""
    none = Credentials()
    assert (repr(none), none.header(), none.redact("any text")) == ("no credentials", None, "any text")


def test_a_key_reads_without_the_space_around_it():
    """Keys are pasted, with what stood around them."""
    assert ApiKey(f"  {SECRET}\n").reveal() == SECRET
