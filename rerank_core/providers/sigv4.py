"""Amazon's signature, version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.

A key is `ACCESS_KEY_ID:SECRET_ACCESS_KEY`, with `:SESSION_TOKEN` behind it where there is one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from rerank_core.errors import ConfigurationError
from rerank_core.providers.auth import Auth

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class SigV4(Auth):
    """A signature for one service of AWS; the region is the option `region` of the connection."""

    service: str

    @property
    def signs(self) -> bool:
        """Always: the signature covers the request."""
        return True

    def headers(self, key: str, options: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG002  # as of every Auth
        """Nothing: there is no signature before there is a request."""
        return {}

    def sign(self, key: str, url: str, body: bytes, moment: datetime, options: Mapping[str, str]) -> dict[str, str]:
        """The headers of one POST of JSON. Raises ConfigurationError for a key that is not of two or three parts."""
        headers = {"Content-Type": "application/json", "Host": urlsplit(url).netloc}
        shown = signature(key, "POST", url, headers, body, moment, options.get("region", ""), self.service)
        return {name: value for name, value in shown.items() if name not in headers}


def signature(  # noqa: PLR0913  # what a signature covers
    key: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    moment: datetime,
    region: str,
    service: str,
) -> dict[str, str]:
    """These headers with the ones of a signature: X-Amz-Date, X-Amz-Security-Token where there is one, Authorization.

    `moment` has a time zone. Raises ConfigurationError for a key that is not of two or three parts.
    """
    access, secret, token = _parts(key)
    stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "X-Amz-Date": stamp, **({"X-Amz-Security-Token": token} if token else {})}
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in signed.items())
    names = ";".join(name for name, _ in lines)
    parts = urlsplit(url)
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    path = quote(parts.path or "/", safe="/-_.~%")
    request = "\n".join(
        [
            method,
            path,
            query,
            *(f"{name}:{value}" for name, value in lines),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    signing = f"AWS4{secret}".encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    proof = hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()
    signed["Authorization"] = f"{_ALGORITHM} Credential={access}/{scope}, SignedHeaders={names}, Signature={proof}"
    return signed


def _parts(key: str) -> tuple[str, str, str]:
    access, _, rest = key.partition(":")
    secret, _, token = rest.partition(":")
    if not access or not secret:
        raise ConfigurationError(
            "The key is not one of AWS.",
            hint="Give ACCESS_KEY_ID:SECRET_ACCESS_KEY, with :SESSION_TOKEN behind it where there is one.",
        )
    return access, secret, token
