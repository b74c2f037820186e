"""``dagtop doctor``."""

from __future__ import annotations

import typer

from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import Cell, Column, can_print_glyphs, note, print_json, print_table
from app.cli.session import JsonOption, WorkspaceOption, chosen_workspace

app = group("Find out what is wrong.")

MARKS = {"ok": ("✓", "+", "green"), "warning": ("!", "!", "yellow"), "problem": ("✗", "x", "red")}


@app.command("doctor")
def doctor(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Find out what is wrong.

    Looks at the workspace, the settings, the database, the runner, pipeline files, recordings of
    scripts, disk, limits, clock, packages and terminal, and says what to do. Exit code 1 if there
    is a problem.
    """
    from app.cli.checks import Level, all_findings

    findings = list(all_findings(chosen_workspace(workspace)))
    problems = [one for one in findings if one.level is Level.PROBLEM]
    if json:
        print_json(
            {
                "ok": not problems,
                "findings": [
                    {
                        "check": one.check,
                        "level": one.level,
                        "text": one.text,
                        "advice": one.advice or None,
                    }
                    for one in findings
                ],
            }
        )
    else:
        rows: list[list[str | Cell]] = []
        for one in findings:
            glyph, letter, colour = MARKS[one.level]
            advice = f"\n→ {one.advice}" if one.advice else ""
            mark = Cell(glyph if can_print_glyphs() else letter, colour)
            rows.append([mark, one.check, one.text + advice.replace("\n", " ")])
        print_table([Column(""), Column(""), Column("", fold=True)], rows, empty="nothing found")
        note(f"{len(problems)} problems" if len(problems) != 1 else "1 problem")
    if problems:
        raise typer.Exit(ExitCode.FAILED)
