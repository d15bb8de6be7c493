"""Placeholders in addresses: each value has the shape of what it is, in every row that has one."""

from __future__ import annotations

import pytest

import ferrule
from ferrule.configuration.addresses import problem_of_part
from ferrule.configuration.providers import rows
from ferrule.configuration.schema import PLACEHOLDERS

HOSTILE = (
    "evil.com/#",
    "evil.com/",
    "evil.com?",
    "evil.com#",
    "evil.com\\",
    "a@evil.com",
    "a:b@evil.com",
    "../admin",
    "..",
    "a/../b",
    "%2e%2e",
    "x y",
    "x\n",
    "x\r\nHost: evil.com",
    "{region}",
    "évil",
    "xn--\u200b",
    "",
    "-",
)
ROWS = [(identifier, one["name"]) for identifier, row in rows().items() for one in row["placeholders"]]


@pytest.mark.parametrize(("provider", "name"), ROWS)
def test_no_value_leads_elsewhere(provider: str, name: str) -> None:
    assert name in PLACEHOLDERS
    for value in HOSTILE:
        if not value:
            continue
        others = {other: "x1" for identifier, other in ROWS if identifier == provider and other != name}
        client = ferrule.Client(providers={provider: {**others, name: value, "api_key": "sk"}})  # type: ignore[dict-item]
        with pytest.raises(ferrule.ConfigError, match=name) as caught:
            client.complete(f"{provider}/m", "hi", max_retries=0, timeout=1)
        assert "evil" not in str(caught.value).partition(": ")[0]


@pytest.mark.parametrize("name", sorted(PLACEHOLDERS))
def test_each_has_the_shape_of_what_it_is(name: str) -> None:
    right = {
        "region": ("us-east-1", "eu-de", "global"),
        "location": ("europe-west4", "global"),
        "resource": ("my-resource", "r2"),
        "account": ("org-name", "ab12345.eu-west-1", "my_org", "0123456789abcdef"),
        "api_version": ("2024-10-21", "v1", "2025-04-01-preview"),
        "deployment": ("my-deployment_2", "qr4wxyz"),
        "gateway": ("my-gateway", "g_1"),
        "project": ("my-project", "example.com:project"),
        "host": ("adb-1.2.azuredatabricks.net", "adb.example:8443", "10.0.0.1", "[::1]:8443"),
    }[name]
    assert [problem_of_part(name, value) for value in right] == [None] * len(right)
    assert all(problem_of_part(name, value) for value in HOSTILE)
    if name in ("region", "location", "resource"):
        assert problem_of_part(name, "evil.com")
