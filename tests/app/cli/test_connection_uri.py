from __future__ import annotations

import json

import pytest

from app.cli.connection_uri import masked_extra, parse_uri
from app.cli.errors import CommandError


def test_every_part_of_a_uri_is_read_and_decoded() -> None:
    found = parse_uri(
        "db", "postgresql://ann%40x:p%2Fw%3A@Db.Example.com:5433/sales%20x?sslmode=on"
    )
    assert (found.conn_type, found.login, found.password) == ("postgres", "ann@x", "p/w:")
    assert (found.host, found.port, found.schema) == ("Db.Example.com", 5433, "sales x")
    assert json.loads(found.extra or "") == {"sslmode": "on"}


def test_all_extra_settings_may_come_as_one_document() -> None:
    found = parse_uri("x", "http://h?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D")
    assert json.loads(found.extra or "") == {"a": {"b": 1}}


def test_a_host_may_have_a_protocol_of_its_own() -> None:
    found = parse_uri("api", "http://https://example.com:8443/v1")
    assert (found.conn_type, found.host, found.port) == ("http", "https://example.com", 8443)


def test_an_ipv6_host_and_nothing_else() -> None:
    found = parse_uri("x", "google-cloud-platform://[::1]:80")
    assert (found.conn_type, found.host, found.port) == ("google_cloud_platform", "::1", 80)
    assert (found.login, found.password, found.schema, found.extra) == (None, None, None, None)


@pytest.mark.parametrize("uri", ["nothing", "://host", "db://host:notaport/x"])
def test_what_is_no_uri_is_refused(uri: str) -> None:
    with pytest.raises(CommandError, match="the URI"):
        parse_uri("x", uri)


def test_secret_extra_settings_are_masked_at_any_depth() -> None:
    extra = json.dumps({"region": "eu", "api_key": "k", "nested": [{"password": "p", "a": 1}]})
    assert json.loads(masked_extra(extra) or "") == {
        "region": "eu",
        "api_key": "***",
        "nested": [{"password": "***", "a": 1}],
    }
    assert masked_extra("no json") == "***"
    assert masked_extra(None) is None
