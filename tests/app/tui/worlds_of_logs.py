"""A run with logs of several kinds: colours, tracebacks, progress bars, hostile bytes."""

from __future__ import annotations

from datetime import timedelta

from tests.app.tui.world import World, structure_of


def load_log() -> bytes:
    lines = [b"[2026-11-21T11:55:00.000Z] INFO - try 1 of task load begins"]
    lines += [
        b"[2026-11-21T11:55:%02d.500Z] DEBUG - shard %d of 20 read" % (number, number + 1)
        for number in range(20)
    ]
    lines += [b"  0%|     | 0/20\r 50%|##   | 10/20\r100%|#####| 20/20"]
    lines += [b"[2026-11-21T11:55:21.000Z] INFO - 41,208 interactions loaded"]
    return b"\n".join(lines) + b"\n"


def train_log() -> bytes:
    lines = [b"[2026-11-21T11:55:03.100Z] INFO - try 1 of task train begins"]
    for number in range(1, 31):
        second = 4 + number
        colour = b"\x1b[32m" if number % 3 else b"\x1b[33m"
        lines.append(colour + b"epoch %d\x1b[0m  loss %.4f" % (number, 1 / number))
        if number % 10 == 0:
            stamp = b"[2026-11-21T11:55:%02d.007Z]" % second
            lines.append(stamp + b" WARNING - the loss of epoch %d is not finite" % number)
        if number == 20:
            lines += [
                b"[2026-11-21T11:55:25.000Z] ERROR - checkpoint not written, going on",
                b"Traceback (most recent call last):",
                b'  File "dags/shop.py", line 88, in save',
                b"    raise OSError(28, 'No space left on device')",
                b"OSError: [Errno 28] No space left on device",
            ]
    lines.append(
        b"\xff\xfe\x00 \x1b]0;title\x07 \x1b[2J bytes that are no text " + "训练 🚀".encode()
    )
    return b"\n".join(lines) + b"\n"


def check_log() -> bytes:
    return (
        b"2026-11-21 11:55:08,250 - checks - WARNING - 3 rows without a label\n"
        b"2026-11-21 11:55:30,000 - checks - ERROR - the model is worse than the last one\n"
        b"E1121 11:55:31.000000 77 check.cc:12] accuracy 0.71 < 0.75\n"
    )


def fill_logs(world: World) -> None:
    """The DAG ``shop`` with one run of three tasks, two of them at work."""
    version = world.dag("shop", structure_of("shop", ["check", "load", "train"]))
    run = world.run("shop", version, "running", ago=timedelta(minutes=10), run_id="r1")
    world.instance("shop", run, "load", "success", log=load_log())
    world.instance("shop", run, "train", "running", log=train_log())
    world.instance("shop", run, "check", "running", log=check_log())
