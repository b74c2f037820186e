"""Saved views: kept under a name, by whoever uses the store."""

from __future__ import annotations

import pytest

from store import saved_views as views
from store.engine import Store
from store.errors import InvalidValue, NotFound
from tests.store.run_filter.runs import NOW

KIND = views.TRACKED_RUNS
CONTENT = {"filter": "metrics.rmse < 1", "columns": [["metric", "rmse", "min"]]}


def test_a_view_is_saved_replaced_renamed_and_deleted(any_store: Store) -> None:
    with any_store.write() as connection:
        assert not views.save_view(connection, KIND, " best  ones ", CONTENT, "ann", NOW)
        assert views.save_view(connection, KIND, "best ones", {}, "bob", NOW), "there was one"
        assert not views.save_view(connection, KIND, "a", CONTENT, "ann", NOW)
        assert not views.save_view(connection, "other list", "a", {}, "ann", NOW)
        views.rename_view(connection, KIND, "best ones", "z", "bob", NOW)
        views.rename_view(connection, KIND, "z", "z", "bob", NOW)
        found = views.list_views(connection, KIND)
        assert [(one.name, one.content, one.changed_by) for one in found] == [
            ("a", CONTENT, "ann"),
            ("z", {}, "bob"),
        ]
        views.delete_view(connection, KIND, "a")
        assert [one.name for one in views.list_views(connection, KIND)] == ["z"]
        assert len(views.list_views(connection, "other list")) == 1


def test_what_cannot_be_is_said(any_store: Store) -> None:
    with any_store.write() as connection:
        views.save_view(connection, KIND, "a", {}, "ann", NOW)
        views.save_view(connection, KIND, "b", {}, "ann", NOW)
        with pytest.raises(InvalidValue, match="there is a view 'b' already"):
            views.rename_view(connection, KIND, "a", "b", "ann", NOW)
        with pytest.raises(NotFound, match="no view 'c'"):
            views.rename_view(connection, KIND, "c", "d", "ann", NOW)
        with pytest.raises(NotFound, match="no view 'c'"):
            views.delete_view(connection, KIND, "c")
        for name in ("  ", "x" * 81):
            with pytest.raises(InvalidValue):
                views.save_view(connection, KIND, name, {}, "ann", NOW)
