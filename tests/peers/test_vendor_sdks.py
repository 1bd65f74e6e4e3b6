"""The vendors' own SDKs agree with the test data of the contract: they send those requests and take those replies."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from tests.peers.conftest import Run
from tests.support import ROOT

CASES = ROOT / "tests" / "core" / "providers" / "cases"


def test_each_sdk_sends_our_request_and_takes_our_reply(run_program: Run) -> None:
    """Path, body and rows of Cohere, Mixedbread, Pinecone, ZeroEntropy, Isaacus, Contextual AI, OpenAI, AWS, Alibaba
    and Voyage, whose SDK leaves a field out that we send."""
    found: dict[str, Any] = run_program("vendor_sdks", str(CASES))
    assert len(found) == 10
    for name, seen in found.items():
        case = json.loads((CASES / f"{name}.json").read_text("utf-8"))
        assert seen["path"] == urlsplit(case["url"]).path, name
        left_out = {"return_documents": False} if name == "voyage" else {}
        assert seen["body"] | left_out == case["body"], name
        assert sorted(score for _, score in seen["rows"]) == [0.02, 0.97], name
        if name != "openai-decisions":  # it answers by name, in the order of the questions
            assert seen["rows"] == case["read"]["rows"], name
