"""``make screenshots``: the demo is run to its end, and its screens are drawn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from app.demo import prepare, start_history
from tests.support.live import ROOT, Live, wait_for

UNFINISHED = "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')"


MORE = {
    "recommendation": "G enter",
    "epochs": "down enter j enter wait:1",
}
"""Pictures of particular pipelines: name -> keys that lead there."""

FURNITURE = (
    ("variables", "set", "smtp_host", "mail.example.org", "--description", "sends the alerts"),
    ("variables", "set", "thresholds", '{"auc": 0.8, "recall": 0.7}'),
    ("variables", "set", "warehouse_password", "not-a-real-one"),
    ("pools", "set", "warehouse", "2", "--description", "loads into the warehouse"),
    ("pools", "set", "gpu", "1", "--description", "training"),
)
"""Commands that give the workspace what the demo's pipelines don't need."""

SETTINGS = "[runner]\nresource_interval = 0.1\n"
"""The demo's tasks take seconds: measured every five, their resources would be a dot."""

VERSIONS = "SELECT count(*) FROM dag_version WHERE dag_id = 'elasticnet_sweep'"
ASSET_DAGS = "SELECT count(*) FROM dag WHERE dag_id IN ('ingest', 'features')"
ALPHAS = "ALPHAS = [0.001, 0.003, 0.01, 0.03, 0.1]"


def draw(live: Live, *arguments: str) -> None:
    program = [sys.executable, str(ROOT / "screenshots" / "make.py")]
    subprocess.run([*program, "--workspace", live.workspace.root, *arguments], check=True)


ASSETS = """
from dagtop import Asset, dag, task

orders, clicks = Asset("orders"), Asset("clicks", group="web")


@dag(schedule="@daily", is_paused_upon_creation=False)
def ingest():
    @task(outlets=[orders])
    def load_orders():
        return 128

    @task(outlets=[clicks])
    def load_clicks():
        return 4096

    load_orders() >> load_clicks()


@dag(schedule=(orders & clicks), is_paused_upon_creation=False)
def features():
    @task(inlets=[orders, clicks], outlets=[Asset("features", uri="s3://shop/features")])
    def join():
        return 120

    join()


ingest()
features()
"""
"""What makes assets and runs on them."""


def furnish(live: Live) -> None:
    """Variables, pools, assets, and a second version of a pipeline with a run of its own."""
    live.write("assets.py", ASSETS)
    wait_for(lambda: live.value(ASSET_DAGS) == 2, what="the pipelines of assets")
    live.trigger("ingest")
    for command in FURNITURE:
        line = [sys.executable, "-m", "dagtop", *command, "-w", str(live.workspace.root)]
        subprocess.run(line, check=True, cwd=ROOT)
    path = live.workspace.dags / "elasticnet_sweep.py"
    text = path.read_text()
    assert ALPHAS in text
    live.write(path.name, text.replace(ALPHAS, ALPHAS.replace("0.1]", "0.1, 0.3]")))
    wait_for(lambda: live.value(VERSIONS) == 2, what="the second version")
    live.trigger("elasticnet_sweep")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="dagtop-screenshots-") as folder:
        root = prepare(Path(folder) / "demo")
        (root / "dagtop.toml").write_text(SETTINGS)
        live = Live(root)
        live.start()
        try:
            for beginning in start_history(live.workspace):
                print(f"{beginning.dag_id}: {beginning.problem or f'{beginning.runs} runs'}")
            furnish(live)
            wait_for(lambda: live.value(UNFINISHED) == 0, timeout=300, what="all runs to end")
            draw(live)
            for name, keys in MORE.items():
                draw(live, "--scene", name, "--keys", keys, "--size", "100x30")
        finally:
            live.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
