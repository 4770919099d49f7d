"""Requests read from their frames, and replies as frames. No socket; what a case means is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

import msgpack

from wire.answer import PayloadWriter, join_all
from wire.fields import Malformed, boolean, count, fields, keys, sequence, show, string
from wire.limits import Limits

PROTOCOL = 1

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hello:
    pass


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a reply repeats: the number of the question, and a word that nobody knew before it was asked."""

    sequence: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Case headers are read one by one later, so that a bad one spoils no other."""

    stamp: Stamp
    truth: bool
    cases: list[Any]
    payloads: list[memoryview]


@dataclass(frozen=True, slots=True)
class Floor:
    stamp: Stamp
    cases: list[Any]
    payloads: list[memoryview]


@dataclass(frozen=True, slots=True)
class Block:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Load:
    stamp: Stamp
    file: str
    blocks: tuple[Block, ...]


Request = Union[Hello, Ask, Floor, Load]


class BadMessage(Exception):
    """A message that cannot be answered; `reason` is one word, the text says where it is wrong."""

    def __init__(self, reason: str, message: str, stamp: Stamp | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.stamp = stamp


def read_request(frames: list[bytes], limits: Limits) -> Request:
    """Frame 0 is the header, frame 1 the payload of its cases, one after the other. Raises BadMessage."""
    header = _read_header(frames, limits)
    stamp: Stamp | None = None
    try:
        kind = string(header.get("kind"), "request.kind")
        if kind == "hello":
            fields(header, keys("protocol", "kind"), "request")
            _expect_payloads(frames, 0)
            return Hello()
        stamp = Stamp(count(header.get("sequence"), "request.sequence"), _nonce(header.get("nonce")))
        if kind == "ask":
            m = fields(header, keys("protocol", "kind", "sequence", "nonce", "truth", "cases", "sizes"), "request")
            cases, payloads = _cases(m, frames, limits)
            return Ask(stamp, boolean(m["truth"], "request.truth"), cases, payloads)
        if kind == "floor":
            m = fields(header, keys("protocol", "kind", "sequence", "nonce", "cases", "sizes"), "request")
            return Floor(stamp, *_cases(m, frames, limits))
        if kind == "load":
            m = fields(header, keys("protocol", "kind", "sequence", "nonce", "file", "blocks"), "request")
            _expect_payloads(frames, 0)
            blocks = [_block(b, f"request.blocks[{i}]") for i, b in enumerate(sequence(m["blocks"], "request.blocks"))]
            return Load(stamp, string(m["file"], "request.file"), tuple(blocks))
        raise Malformed("request.kind", f"is {show(kind)}, expected hello, ask, floor or load")
    except Malformed as error:
        raise BadMessage("malformed", str(error), stamp) from None


def welcome(subject: str, version: str | None, capabilities: dict[str, str]) -> list[bytes]:
    return [_pack("welcome", {"subject": subject, "version": version, "capabilities": capabilities})]


def answer(stamp: Stamp, answers: list[Plain], payloads: list[PayloadWriter]) -> list[bytes]:
    sizes = [payload.length for payload in payloads]
    return [_pack("answer", {**_repeated(stamp), "answers": answers, "sizes": sizes}), join_all(payloads)]


def floor(stamp: Stamp, seconds: bytes) -> list[bytes]:
    """`seconds` is a float64 as 8 raw bytes, like every real number in a header."""
    return [_pack("floor", {**_repeated(stamp), "seconds": seconds})]


def loaded(stamp: Stamp, report: Plain, payload: bytes) -> list[bytes]:
    return [_pack("loaded", {**_repeated(stamp), **report}), payload]


def error(bad: BadMessage) -> list[bytes]:
    return [_pack("error", {**_repeated(bad.stamp), "reason": bad.reason, "message": str(bad)})]


# --- internal ---

_LONGEST_NONCE = 64


def _nonce(plain: Any) -> str:
    nonce = string(plain, "request.nonce")
    if len(nonce) > _LONGEST_NONCE:
        raise Malformed("request.nonce", f"has {len(nonce)} characters; the limit is {_LONGEST_NONCE}")
    return nonce


def _repeated(stamp: Stamp | None) -> Plain:
    """Both null for a message whose stamp could not be read."""
    return {"sequence": None, "nonce": None} if stamp is None else {"sequence": stamp.sequence, "nonce": stamp.nonce}


def _read_header(frames: list[bytes], limits: Limits) -> Plain:
    if not frames:
        raise BadMessage("short", "the message has no frame, expected a header")
    if len(frames[0]) > limits.header_bytes:
        raise BadMessage(
            "oversize", f"the header has {len(frames[0])} bytes; the limit is {limits.header_bytes}, send fewer cases"
        )
    for i, frame in enumerate(frames):
        if len(frame) > limits.frame_bytes:
            raise BadMessage("oversize", f"frame {i} has {len(frame)} bytes; the limit is {limits.frame_bytes}")
    try:
        header = msgpack.unpackb(frames[0], raw=False, strict_map_key=True, use_list=True, max_ext_len=0)
    except Exception as problem:  # msgpack raises a dozen kinds; each means that these bytes are no header
        raise BadMessage(
            "garbage", f"the header is no MessagePack: {type(problem).__name__} {str(problem)[:120]}"
        ) from None
    if type(header) is not dict:
        raise BadMessage("garbage", f"the header is {show(header)}, expected a map")
    if header.get("protocol") != PROTOCOL or type(header.get("protocol")) is not int:
        raise BadMessage(
            "protocol", f"request.protocol is {show(header.get('protocol'))}, but this side speaks {PROTOCOL}"
        )
    return header


def _cases(m: Plain, frames: list[bytes], limits: Limits) -> tuple[list[Any], list[memoryview]]:
    """The cases' headers, and each one's part of the payload."""
    cases = sequence(m["cases"], "request.cases")
    if len(cases) > limits.cases:
        raise Malformed("request.cases", f"has {len(cases)} cases; the limit is {limits.cases}")
    _expect_payloads(frames, 1)
    sizes = sequence(m["sizes"], "request.sizes")
    if len(sizes) != len(cases):
        raise Malformed("request.sizes", f"has {len(sizes)} numbers for {len(cases)} cases")
    whole = memoryview(frames[1])
    payloads: list[memoryview] = []
    end = 0
    for i, size in enumerate(sizes):
        start = end
        end += count(size, f"request.sizes[{i}]")
        payloads.append(whole[start:end])
    if end != len(whole):
        raise Malformed("request.sizes", f"add up to {end}, but the payload has {len(whole)} bytes")
    return cases, payloads


def _expect_payloads(frames: list[bytes], expected: int) -> None:
    if len(frames) - 1 != expected:
        raise Malformed("the message", f"has {len(frames) - 1} payload frames, expected {expected}")


def _block(plain: Any, place: str) -> Block:
    m = fields(plain, keys("line", "text"), place)
    return Block(count(m["line"], f"{place}.line"), string(m["text"], f"{place}.text"))


def _pack(kind: str, rest: Plain) -> bytes:
    packed = msgpack.packb({"protocol": PROTOCOL, "kind": kind, **rest}, use_bin_type=True, unicode_errors="replace")
    assert packed is not None
    return packed
