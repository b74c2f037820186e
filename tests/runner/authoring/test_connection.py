"""Connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.connection import BaseHook, Connection, ConnectionAccessor
from runner.authoring.exceptions import NotFoundException
from runner.authoring.masking import mask_text
from tests.support.attempts import Attempts

DB = {
    "conn_id": "db",
    "conn_type": "postgres",
    "description": "",
    "host": "db.example",
    "schema": "main",
    "login": "me",
    "password": "hunter22",
    "port": 5432,
    "extra": '{"sslmode": "require", "token": "t-123456"}',
}


def test_get_and_what_it_has(attempts: Attempts) -> None:
    attempts.knowledge.connections["db"] = DB
    with attempts.serving():
        found = BaseHook.get_connection("db")
        assert ConnectionAccessor().db.host == "db.example"
        assert ConnectionAccessor().get("gone", "d") == "d"
    assert (found.host, found.port, found.login) == ("db.example", 5432, "me")
    assert found.extra_dejson["sslmode"] == "require"
    assert found.get_uri() == (
        "postgres://me:hunter22@db.example:5432/main?sslmode=require&token=t-123456"
    )


def test_its_secrets_are_masked_from_then_on(attempts: Attempts) -> None:
    attempts.knowledge.connections["db"] = DB
    with attempts.serving():
        Connection.get("db")
    assert mask_text("me hunter22 t-123456 require") == "me *** *** require"


def test_a_missing_one_is_an_error_that_says_what_to_do(attempts: Attempts) -> None:
    with attempts.serving(), pytest.raises(NotFoundException, match="there is no Connection 'x'"):
        Connection.get("x")


@pytest.mark.parametrize(
    ("fields", "uri"),
    [
        ({"conn_type": "http", "host": "a.b"}, "http://a.b"),
        ({"conn_type": "http", "host": "https://a.b"}, "http://https://a.b"),
        ({"conn_type": "google_cloud", "extra": '{"a": 1}'}, "google-cloud:///?__extra__=%7B%22a%22%3A+1%7D"),
        ({"conn_type": "x", "port": 1}, "x://@:1"),
        ({"conn_type": "x", "login": "a b", "host": "h"}, "x://a%20b@h"),
        ({"extra": "no json"}, "///?__extra__=no+json"),
    ],
)  # fmt: skip
def test_uris_are_airflows(fields: dict[str, object], uri: str) -> None:
    assert Connection(conn_id="c", **fields).get_uri() == uri  # type: ignore[arg-type]


@given(st.text(min_size=1))
def test_extra_that_is_no_object_is_an_empty_dict(text: str) -> None:
    assert isinstance(Connection(conn_id="c", extra=text).extra_dejson, dict)
