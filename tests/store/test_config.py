"""Settings: where they come from, and what is said when one is wrong."""

from __future__ import annotations

import msgspec
import pytest

from store.config import Config, ConfigError, describe, load
from store.workspace import Workspace

NOTHING: dict[str, str] = {}


def write(workspace: Workspace, text: str) -> None:
    workspace.config_file.write_text(text, encoding="utf-8")


def test_without_a_file_the_defaults_hold(workspace: Workspace) -> None:
    assert load(workspace, NOTHING) == Config()
    assert load(workspace, NOTHING).runner.parallelism == 32


def test_the_file_overrides_the_defaults_and_the_environment_the_file(
    workspace: Workspace,
) -> None:
    write(workspace, "[runner]\nparallelism = 8\nkill_grace = 3\n[retention]\ndays = 30\n")
    config = load(workspace, {"DAGTOP_RUNNER_PARALLELISM": "4", "PATH": "/bin"})
    assert config.runner.parallelism == 4
    assert config.runner.kill_grace == 3.0
    assert config.retention.days == 30.0
    assert config.runner.max_active_runs == 16


def test_the_database_has_a_short_variable(workspace: Workspace) -> None:
    write(workspace, '[store]\nurl = "postgresql://in.file/x"\n')
    url = "postgresql://in.environment/x"
    assert load(workspace, NOTHING).store.url == "postgresql://in.file/x"
    assert load(workspace, {"DAGTOP_DATABASE_URL": url}).store.url == url
    assert load(workspace, {"DAGTOP_STORE_URL": url}).store.url == url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[runner]\nparalelism = 8\n", r"\[runner\] has no setting paralelism.*parallelism\?"),
        ("[runer]\n", r"no section \[runer\].*did you mean runner\?"),
        ("[runner]\nparallelism = 'many'\n", r"\[runner\] parallelism is 'many'.*expected int"),
        ("[runner]\nparallelism = 0\n", r"parallelism is 0.*>= 1"),
        ("[runner]\nkill_grace = -1\n", r"kill_grace is -1.*>= 0"),
        ("[runner]\ntimezone = 'Europe/Berlni'\n", r"timezone is 'Europe/Berlni'.*time zone"),
        ("runner = 3\n", r"runner must be a section, written as \[runner\]"),
        ("[runner\n", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_names_the_file_the_setting_and_what_is_expected(
    workspace: Workspace, text: str, said: str
) -> None:
    write(workspace, text)
    with pytest.raises(ConfigError, match=said) as caught:
        load(workspace, NOTHING)
    assert str(workspace.config_file) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DAGTOP_RUNNER_PARALLELISM", "many", "DAGTOP_RUNNER_PARALLELISM is 'many'.*expected int"),
        ("DAGTOP_RUNNER_PARALELISM", "3", "did you mean DAGTOP_RUNNER_PARALLELISM?"),
        ("DAGTOP_RUNNER_TIMEZONE", "Mars", "DAGTOP_RUNNER_TIMEZONE is 'Mars'"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    workspace: Workspace, name: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        load(workspace, {name: value})


def test_variables_of_others_are_left_alone(workspace: Workspace) -> None:
    assert load(workspace, {"DAGTOP_WORKSPACE": "/x", "DAGTOP_TRY": "3"}) == Config()


def test_a_file_that_is_not_text_is_said_so(workspace: Workspace) -> None:
    workspace.config_file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(workspace, NOTHING)


def test_describe_lists_every_setting_with_its_source_and_meaning(workspace: Workspace) -> None:
    write(workspace, "[runner]\nparallelism = 8\nkill_grace = 3\n")
    settings = describe(workspace, {"DAGTOP_RUNNER_KILL_GRACE": "5"})
    by_name = {(setting.section, setting.key): setting for setting in settings}
    expected = {
        (section, key)
        for section, value in msgspec.structs.asdict(Config()).items()
        for key in value.__struct_fields__
    }
    assert set(by_name) == expected
    assert all(setting.description.endswith(".") for setting in settings)
    assert by_name["runner", "parallelism"].source == "dagtop.toml"
    assert by_name["runner", "parallelism"].value == 8
    assert by_name["runner", "parallelism"].default == 32
    assert by_name["runner", "kill_grace"].source == "DAGTOP_RUNNER_KILL_GRACE"
    assert by_name["runner", "kill_grace"].value == 5.0
    assert by_name["runner", "timezone"].source == "default"


def test_the_password_of_the_database_is_not_shown(workspace: Workspace) -> None:
    settings = describe(workspace, {"DAGTOP_DATABASE_URL": "postgresql://anna:s3cret@host/name"})
    url = next(setting for setting in settings if setting.key == "url")
    assert url.shown == "postgresql://anna:***@host/name"
    assert url.source == "DAGTOP_DATABASE_URL"
