"""Frames: how a child tells its parent what happened, and how the parent reads that without trusting a byte of it.

A frame is one letter, a length in four bytes, and so many bytes:

    S   it is ready, and nothing of anybody else's has run yet
    C   the cells have run
    B   the call with this number begins
    R   a call has come back: the length of a JSON head, the head, then the value as `course.tasks.wire` has it
    O   what a cell showed: a JSON head, then its figures
    P   it cannot go on: a JSON head that says why
    A   a compiled library
    E   the end

Whoever runs somebody else's code can only report, so a forged frame gains nothing: it says "my function returned
this", and what was returned is judged by the parent. A frame of another form ends the child.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

__all__ = ["Malformed", "Reader", "frame", "head_and_body", "line", "split"]

_HEAD = struct.Struct(">cI")
_KINDS = b"SCBROPAE"


class Malformed(Exception):
    """What came is no frame, or larger than was agreed."""


def frame(kind: bytes, *parts: bytes) -> bytes:
    """Write a frame."""
    body = b"".join(parts)
    return _HEAD.pack(kind, len(body)) + body


def head_and_body(head: dict[str, Any], *blobs: bytes) -> bytes:
    """Write the body of a frame that has a head: the lengths of the blobs are in it."""
    text = json.dumps(head | {"blobs": [len(b) for b in blobs]}).encode()
    return b"".join((struct.pack(">I", len(text)), text, *blobs))


def split(body: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Read a body that `head_and_body` wrote.

    Raises:
        Malformed: it was not.
    """
    if len(body) < 4:
        raise Malformed
    (length,) = struct.unpack(">I", body[:4])
    if length > min(len(body) - 4, 4 << 20):
        raise Malformed
    try:
        head = json.loads(body[4 : 4 + length])
    except (ValueError, RecursionError):
        raise Malformed from None
    match head:
        case {"blobs": list(lengths)} if all(type(n) is int and n >= 0 for n in lengths) and len(lengths) < 1000:
            pass
        case _:
            raise Malformed
    at, blobs = 4 + length, []
    if at + sum(lengths) != len(body):
        raise Malformed
    for size in lengths:
        blobs.append(body[at : at + size])
        at += size
    return head, blobs


def line(text: object, most: int = 300) -> str:
    """Return a text of somebody else's as one line that can be printed: no control characters, bounded."""
    if not isinstance(text, str):
        return ""
    clean = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    clean = " ".join(clean.split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


class Reader:
    """Collects bytes as they come and gives back whole frames.

    `most` bounds one frame, `in_all` what one child may send; a child that sends more is told from an honest one at
    once, so that a flood costs its sender's time and not the parent's memory.
    """

    def __init__(self, most: int, in_all: int) -> None:
        self._most = most
        self._left = in_all
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Take more bytes; yield the frames that are complete now.

        Raises:
            Malformed: no frame begins so, or it is too large, or too much has come. Those before it have been yielded.
        """
        self._left -= len(data)
        if self._left < 0:
            raise Malformed
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._buffer)
            if kind not in _KINDS or length > self._most:
                raise Malformed
            end = _HEAD.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield kind, body
