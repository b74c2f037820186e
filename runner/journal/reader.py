"""Reading journals: whole frames from an offset on."""

from __future__ import annotations

import os
import zlib

import msgspec

from runner.journal.records import AnyRecord
from runner.journal.writer import HEADER

CHUNK = 1 << 20
"""Bytes read at once; a frame that is larger is read whole."""

_DECODER: msgspec.msgpack.Decoder[AnyRecord] = msgspec.msgpack.Decoder(AnyRecord)
_JSON_DECODER: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)
_JSON = b"["
"""What a record begins with that was written as JSON, by who has no msgspec; no MessagePack of an
array does."""


class JournalDamaged(Exception):
    """A whole frame whose checksum or content is wrong; ``offset`` is where it begins, ``records``
    what was read before it."""

    def __init__(self, offset: int, why: str, records: list[AnyRecord] | None = None) -> None:
        super().__init__(f"the journal is damaged at byte {offset}: {why}")
        self.offset = offset
        self.records = records or []


def decode_frames(
    data: bytes, start: int = 0, largest: int | None = None
) -> tuple[list[AnyRecord], int]:
    """Records of the whole frames in ``data`` and how many bytes they take.

    ``start`` is the file offset of ``data``, for the error; ``largest`` how many bytes a record may
    have. Raises ``JournalDamaged``.
    """
    records: list[AnyRecord] = []
    position = 0
    end = len(data)
    while end - position >= HEADER.size:
        length, checksum = HEADER.unpack_from(data, position)
        if largest is not None and length > largest:
            raise JournalDamaged(start + position, f"a record has {length:,} bytes", records)
        after = position + HEADER.size + length
        if after > end:
            break
        payload = data[position + HEADER.size : after]
        if zlib.crc32(payload) != checksum:
            raise JournalDamaged(start + position, "a checksum is wrong", records)
        decoder = _JSON_DECODER if payload.startswith(_JSON) else _DECODER
        try:
            records.append(decoder.decode(payload))
        except msgspec.MsgspecError as error:
            raise JournalDamaged(start + position, str(error), records) from None
        position = after
    return records, position


def read_frames(
    descriptor: int, offset: int, largest: int | None = None
) -> tuple[list[AnyRecord], int, bool]:
    """Records from ``offset`` on, the offset after them, and whether there may be more.

    At most about ``CHUNK`` bytes, so that one noisy task can't hold up the others. ``largest``: how
    many bytes a record may have.
    """
    data = os.pread(descriptor, CHUNK, offset)
    records, used = decode_frames(data, offset, largest)
    full = len(data) == CHUNK
    if not used and full:
        length = HEADER.unpack_from(data)[0] + HEADER.size
        data = os.pread(descriptor, length, offset)
        records, used = decode_frames(data, offset, largest)
        full = len(data) == length
    return records, offset + used, full and used > 0
