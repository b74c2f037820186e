"""Secrets stay out of the log."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring import masking
from runner.authoring.masking import (
    StreamMask,
    looks_secret,
    mask_secret,
    mask_text,
    redact,
)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    masking.forget()


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "api_key",
        "my-secret",
        "AuthToken",
        "authorization",
        "private_key",
    ],
)
def test_names_that_look_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["epochs", "key", "host", "", None, 3])
def test_names_that_dont(name: object) -> None:
    assert not looks_secret(name)


def test_nothing_is_in_the_way_of_a_write_until_a_secret_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    mask_secret("abc")  # too short to be hidden
    mask_secret("visible!", "host")
    assert "write" not in vars(stream)
    mask_secret("hunter22")
    assert "write" in vars(stream)


def test_prints_and_loggers_that_hold_the_stream_already_are_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", stream)
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("holds the stream")
    logger.addHandler(handler)
    mask_secret("hunter22")
    mask_secret("hunter22 and more")
    logger.warning("with %s", "hunter22")
    print("it is hunter22 and more", file=sys.stderr)
    stream.writelines(["hunter22", "\n"])
    stream.flush()
    assert raw.getvalue().decode() == "with ***\nit is ***\n***\n"


def test_a_secret_is_masked_in_the_forms_that_it_takes() -> None:
    mask_secret("p@ss/word")
    assert mask_text("db://me:p%40ss%2Fword@host and p@ss/word") == "db://me:***@host and ***"


def test_of_a_dict_only_what_looks_secret_is_hidden() -> None:
    mask_secret({"token": "abcdef", "region": "eu-west", "more": {"password": "ghijkl"}})
    assert mask_text("abcdef eu-west ghijkl") == "*** eu-west ***"


def test_of_a_list_all_is_hidden() -> None:
    mask_secret(["abcdef", "ghijkl"], "tokens")
    assert mask_text("abcdef ghijkl") == "*** ***"


def test_redact_walks_what_is_recorded() -> None:
    mask_secret("hunter22")
    value = {"url": ["x hunter22"], "password": {"old": "a", "n": 0}, "secrets": ["b"], "n": 1}
    assert redact(value) == {
        "url": ["x ***"],
        "password": {"old": "***", "n": 0},
        "secrets": ["***"],
        "n": 1,
    }
    assert redact("anything", "api_key") == "***"


@given(st.lists(st.text("abc ", max_size=12).map(str.encode), max_size=6))
def test_a_stream_is_masked_as_if_it_came_in_one_piece(pieces: list[bytes]) -> None:
    mask_secret(["abcab", "bcabca", "cccccc"])
    mask = StreamMask()
    masked = b"".join([mask.feed(piece) for piece in pieces]) + mask.end()
    assert masked.decode() == mask_text(b"".join(pieces).decode())


def test_a_stream_without_secrets_is_passed_on_at_once() -> None:
    assert StreamMask().feed(b"abcab") == b"abcab"


def test_only_what_may_become_a_secret_is_held_back() -> None:
    mask_secret("hunter22")
    mask = StreamMask()
    assert mask.feed(b"password: hun") == b"password: "
    assert mask.feed(b"ger\n") == b"hunger\n"
