"""Names, notes, errors and logs that try to take over the terminal, and wide ones."""

from __future__ import annotations

from datetime import timedelta

from tests.app.tui.world import ESCAPES, World, at_once, structure_of


@at_once
def fill_hostile(world: World) -> None:
    """Names, notes, errors and logs that try to take over the terminal, and wide ones."""
    names = [
        f"evil{ESCAPES}dag",
        "每日推荐模型训练流水线",
        "emoji_🚀_👩‍💻_pipeline",
        "צינור_נתונים_עברית",
        "[bold red]markup[/]",
        "a" * 120,
    ]
    for number, name in enumerate(names):
        tasks = [f"task {ESCAPES}", "训练", "👩‍💻", "שלב", "[red]x[/red]", "t" * 90]
        version = world.dag(
            name,
            structure_of(name, tasks),
            description=f"text {ESCAPES}",
            tags=[ESCAPES, "тег"],
            owners=[ESCAPES],
            schedule=ESCAPES,
            schedule_words=ESCAPES,
        )
        run = world.run(
            name,
            version,
            "failed",
            ago=timedelta(hours=number + 1),
            run_id=f"manual__{ESCAPES}{number}",
            note=ESCAPES,
        )
        error = {
            "state": "failed",
            "error_type": f"E{ESCAPES}",
            "error_message": f"boom {ESCAPES}",
            "error_place": f"{ESCAPES}:1",
            "reason": ESCAPES,
            "hostname": ESCAPES,
        }
        for task in tasks:
            log = (
                f"{ESCAPES} a line\r\nprogress 1%\rprogress 99%\n训练 🚀\n".encode() + b"\xff\xfe\n"
            )
            world.instance(name, run, task, "failed", tries=[error], log=log, note=ESCAPES)
    world.import_error(f"dags/{ESCAPES}.py", f"Error {ESCAPES}", 1, f"Traceback {ESCAPES}\n")
