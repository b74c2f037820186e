"""``dagtop env``."""

from __future__ import annotations

from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import JsonOption, WorkspaceOption, chosen_workspace

app = group("Have MLflow log into the workspace from a shell.")


@app.command("env")
def env(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Have MLflow log into the workspace from a shell.

    Prints the variables that MLflow needs, as tasks have them: eval "$(dagtop env)".
    """
    import os
    import shlex

    from store.mlflow_plugin import variables

    found = variables(os.environ, chosen_workspace(workspace).root)
    if json:
        print_json(found)
        return
    for name, value in found.items():
        say(f"export {name}={shlex.quote(value)}")
