"""Which addresses may be typed into a page, alone at home and where others reach the app."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.components.server.addresses import refusal

PUBLIC = "93.184.215.14"


def resolver(*found: str):
    """A look-up that knows one answer for every name."""
    return lambda _host, _port: list(found)


@pytest.mark.parametrize(
    "address",
    [
        "https://api.gateflow.ai",
        "http://127.0.0.1:9200",
        "http://localhost:8080/rerank",
        "http://10.0.0.7",
        "https://[::1]:9200",
    ],
)
def test_alone_any_web_address_may_be_used(address):
    """On somebody's own computer every http and https address is theirs to call, and nothing is looked up."""
    assert refusal(address, restricted=False, resolve=resolver()) is None


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize(
    "address",
    [
        "",
        "api.gateflow.ai",
        "ftp://example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://exa mple.com",
        "https://example.com:99999",
        "https://[::1",
        "https://user:secret@example.com",
        "https://key@example.com",
        "https://example.com/?next=1",
        "https://example.com/#here",
        "https://example.com\n.evil.test",
    ],
)
def test_what_is_no_plain_web_address_is_always_refused(address, restricted):
    """An address that is not http(s), has no host, or hides a password, a query or a line break is refused."""
    said = refusal(address, restricted=restricted, resolve=resolver(PUBLIC))
    assert said
    assert said.endswith(".")
    assert "secret" not in said


@pytest.mark.parametrize(
    "address", ["https://api.gateflow.ai", "https://api.gateflow.ai:8443/base", "HTTPS://API.GATEFLOW.AI."]
)
def test_shared_a_public_https_address_may_be_used(address):
    """Where others reach the app, https to a name whose every address is public is fine."""
    assert refusal(address, restricted=True, resolve=resolver(PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c")) is None


def test_shared_plain_http_is_refused():
    """Where others reach the app, http is refused: only TLS stops a name that moves after it was checked."""
    assert "https" in str(refusal("http://api.gateflow.ai", restricted=True, resolve=resolver(PUBLIC)))


@pytest.mark.parametrize(
    "found",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "::127.0.0.1",
        "fec0::1",
        "not an address",
    ],
)
def test_shared_a_name_that_leads_inside_is_refused(found):
    """Where others reach the app, one address that is not out on the internet is enough to refuse the name."""
    assert "private network" in str(
        refusal("https://looks-fine.example", restricted=True, resolve=resolver(PUBLIC, found))
    )


def test_shared_a_mapped_public_address_may_be_used():
    """An IPv4 address in IPv6 clothes is judged by what it is."""
    assert refusal("https://api.example", restricted=True, resolve=resolver(f"::ffff:{PUBLIC}")) is None


def test_shared_a_name_that_is_not_known_is_refused():
    """A name that cannot be looked up gets a sentence, not an exception."""

    def fails(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    assert "spelling" in str(refusal("https://nowhere.invalid", restricted=True, resolve=fails))
    assert "spelling" in str(refusal("https://nowhere.invalid", restricted=True, resolve=resolver()))


@pytest.mark.parametrize(
    ("allowed", "address", "fine"),
    [
        (["rerank.internal"], "http://rerank.internal:9000", True),
        (["rerank.internal"], "http://RERANK.internal.", True),
        (["rerank.internal"], "http://evil-rerank.internal", False),
        (["*.internal"], "http://rerank.internal", True),
        (["*.internal"], "http://internal", False),
        (["*.internal"], "http://internal.evil.test", False),
        (["10.0.0.12"], "http://10.0.0.12:9200", True),
        (["10.0.0.12"], "http://10.0.0.13:9200", False),
    ],
)
def test_shared_the_operator_may_allow_hosts(allowed, address, fine):
    """A host that the operator names is allowed, plain and private too; one that only looks like it is not."""
    assert (refusal(address, restricted=True, allowed=allowed, resolve=resolver("10.0.0.12")) is None) is fine


@given(st.text(max_size=60), st.booleans())
def test_any_text_gets_an_answer(text, restricted):
    """Whatever is typed, the answer is None or a sentence, never an exception; and None only for http and https."""
    said = refusal(text, restricted=restricted, resolve=resolver(PUBLIC))
    assert said is None or said.endswith(".")
    if said is None:
        assert text.lower().startswith(("https://",) if restricted else ("http://", "https://"))


@given(st.ip_addresses())
def test_shared_only_global_addresses_pass(address):
    """No address outside the public internet gets through, whatever form it comes in."""
    if refusal("https://api.example", restricted=True, resolve=resolver(str(address))) is None:
        seen = getattr(address, "ipv4_mapped", None) or address
        assert seen.is_global
        assert not seen.is_multicast
        assert not seen.is_private
