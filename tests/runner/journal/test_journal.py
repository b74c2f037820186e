"""What the journal promises: whole records, once, whatever happens to the writer."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.journal.abandon import abandon
from runner.journal.reader import JournalDamaged, decode_frames, read_frames
from runner.journal.records import (
    AnyRecord,
    DownstreamSkipped,
    Ended,
    ErrorFacts,
    MetricPoints,
    Opened,
    ParamLogged,
    Rendered,
    Started,
    TagSet,
    XComPushed,
)
from runner.journal.writer import HEADER, JournalWriter, encode_frame

TEXT = st.text(max_size=50)
FLOAT = st.floats(allow_nan=False)
RECORDS: st.SearchStrategy[AnyRecord] = st.one_of(
    st.builds(Started, FLOAT, st.integers(1, 2**22), TEXT, TEXT),
    st.builds(
        Ended,
        FLOAT,
        FLOAT,
        TEXT,
        TEXT,
        st.none() | st.builds(ErrorFacts, TEXT, TEXT, TEXT, TEXT),
        st.none() | FLOAT,
    ),
    st.builds(XComPushed, FLOAT, TEXT, st.binary(max_size=200), st.none() | st.integers(0, 99)),
    st.builds(Rendered, st.dictionaries(TEXT, TEXT, max_size=3), st.none() | TEXT),
    st.builds(DownstreamSkipped, st.lists(TEXT, max_size=3), st.integers(-1, 9)),
    st.builds(ParamLogged, TEXT, TEXT),
    st.builds(TagSet, TEXT, TEXT),
    st.builds(MetricPoints, TEXT, st.integers(1, 9), st.binary(max_size=200)),
)


@pytest.mark.parametrize(
    "record",
    [
        Opened(1.5, 2, "boot-3", "host", "me", "/é", "python train.py"),
        MetricPoints("loss", 1, bytes(range(24)), "a" * 32),
        TagSet("a", None),
    ],
)
def test_a_record_may_be_json_for_who_has_no_msgpack(record: AnyRecord) -> None:
    payload = msgspec.json.encode(record)
    data = HEADER.pack(len(payload), zlib.crc32(payload)) + payload
    found, used = decode_frames(data + encode_frame(record))
    assert found == [record, record]
    assert used > len(data)


def test_a_record_that_is_too_large_is_damage_and_what_was_before_it_is_told() -> None:
    data = encode_frame(TagSet("a", "b"))
    with pytest.raises(JournalDamaged, match="a record has 200 bytes") as damaged:
        decode_frames(data + HEADER.pack(200, 0), largest=100)
    assert damaged.value.offset == len(data)
    assert damaged.value.records == [TagSet("a", "b")]


def new_journal(path: Path) -> JournalWriter:
    journal = JournalWriter.create(str(path), 1, str(path.parent / "bell"))
    assert journal is not None
    return journal


@given(st.lists(RECORDS, max_size=20))
def test_what_is_written_is_read_back(records: list[AnyRecord]) -> None:
    data = b"".join(encode_frame(record) for record in records)
    assert decode_frames(data) == (records, len(data))


@given(st.lists(RECORDS, min_size=1, max_size=6), st.data())
def test_a_torn_tail_is_left_for_later(records: list[AnyRecord], data: st.DataObject) -> None:
    frames = [encode_frame(record) for record in records]
    whole = b"".join(frames)
    cut = data.draw(st.integers(0, len(whole)))
    found, used = decode_frames(whole[:cut])
    assert found == records[: len(found)]
    assert used <= cut
    rest, _ = decode_frames(whole[used:])
    assert found + rest == records


@given(st.lists(RECORDS, min_size=1, max_size=4), st.data())
def test_a_changed_byte_is_noticed_or_waits(records: list[AnyRecord], data: st.DataObject) -> None:
    whole = bytearray(b"".join(encode_frame(record) for record in records))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        found, _ = decode_frames(bytes(whole))
    except JournalDamaged as damage:
        noticed_at = damage.offset
    else:  # a length that grew: the frame looks unfinished, and nothing after it is taken
        assert found == records[: len(found)]
        assert len(found) < len(records)
        return
    assert noticed_at <= place


def test_a_journal_is_made_only_once(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert new_journal(path) is not None
    assert JournalWriter.create(str(path), 1, "bell") is None


def test_a_journal_is_private(tmp_path: Path) -> None:
    new_journal(tmp_path / "journal")
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600


def test_records_larger_than_a_chunk_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = new_journal(path)
    large = XComPushed(1.0, "large", b"x" * 5_000_000)
    journal.append(ParamLogged("a", "1"), large, ParamLogged("b", "2"))
    descriptor = os.open(path, os.O_RDONLY)
    found: list[AnyRecord] = []
    offset, more = 0, True
    while more:
        records, offset, more = read_frames(descriptor, offset)
        found += records
    os.close(descriptor)
    assert found == [ParamLogged("a", "1"), large, ParamLogged("b", "2")]
    assert offset == path.stat().st_size


def test_ringing_wakes_whoever_listens_and_never_fails(tmp_path: Path) -> None:
    journal = new_journal(tmp_path / "journal")
    journal.ring()  # nobody listens
    bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bell.bind(str(tmp_path / "bell"))
    journal.ring()
    assert bell.recv(64) == b"t1"
    bell.close()
    journal.ring()
    journal.close()


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    """A limit on the file's size stands in for the full disk: a short write, then an error."""
    path = tmp_path / "journal"
    program = f"""
import resource, signal
from runner.journal.writer import JournalWriter
from runner.journal.records import ParamLogged
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
journal = JournalWriter.create({str(path)!r}, 1, "bell")
journal.append(ParamLogged("first", "x" * 100))
try:
    journal.append(ParamLogged("second", "y" * 5000))
except OSError as error:
    print(error.errno)
resource.setrlimit(resource.RLIMIT_FSIZE, (10000, resource.RLIM_INFINITY))
journal.append(ParamLogged("third", "z"))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert result.stdout.strip() == str(27)  # EFBIG
    found, _ = decode_frames(path.read_bytes())
    assert [record.key for record in found if isinstance(record, ParamLogged)] == ["first", "third"]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no file size limit here")
def test_a_killed_writer_leaves_only_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    program = f"""
from runner.journal.writer import JournalWriter
from runner.journal.records import ParamLogged
journal = JournalWriter.create({str(path)!r}, 1, "bell")
print("ready", flush=True)
number = 0
while True:
    journal.append(ParamLogged("number", str(number)))
    number += 1
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    process.stdout.readline()
    while path.stat().st_size < 100_000:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    found, used = decode_frames(path.read_bytes())
    assert [record.value for record in found if isinstance(record, ParamLogged)] == [
        str(number) for number in range(len(found))
    ]
    assert path.stat().st_size - used < 100


def test_an_abandoned_journal_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert abandon(str(path))
    assert JournalWriter.create(str(path), 1, "bell") is None
    assert abandon(str(path)), "asked again, as after a failed turn"


def test_the_journal_of_a_living_process_is_not_abandoned(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = JournalWriter.create(str(path), 1, "bell")
    assert journal is not None
    assert not abandon(str(path))
    journal.append(Started(1.0, 2, "", ""))
    journal.close()
    assert not abandon(str(path)), "it has run"


def test_a_first_record_cut_short_is_abandoned(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(encode_frame(Started(1.0, 2, "", ""))[:-1])
    assert abandon(str(path))
    assert JournalWriter.create(str(path), 1, "bell") is None
