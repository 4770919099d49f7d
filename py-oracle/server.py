"""Answers messages on a ROUTER socket, one after the other, for whatever subject it is given. It knows no torch."""

from __future__ import annotations

import gc
import struct
from typing import Any, Protocol

import zmq

from wire import messages
from wire.answer import PayloadWriter, Plain, undecided
from wire.case import Case
from wire.case_reader import read_case
from wire.fields import Malformed
from wire.limits import Limits
from wire.messages import Ask, BadMessage, Floor, Hello, Load


class Subject(Protocol):
    """Answers Cases. `answer` never raises for what a case does: that is part of its outcome."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def capabilities(self) -> dict[str, str]: ...
    def answer(self, case: Case, truth: bool, payload: PayloadWriter) -> Plain: ...


def bind(endpoint: str, limits: Limits) -> zmq.Socket[bytes]:
    """A bound ROUTER; frames far over the limit never reach memory, libzmq cuts off who sends them."""
    socket = _router(limits)
    socket.bind(endpoint)
    return socket


def bind_listening(listener: int, limits: Limits) -> zmq.Socket[bytes]:
    """As `bind`, on a socket that listens already: where its path is out of sight."""
    socket = _router(limits)
    socket.setsockopt(zmq.USE_FD, listener)
    socket.bind("ipc:///listening")  # a name has to be given; with a descriptor nothing is made there
    return socket


def serve(socket: zmq.Socket[bytes], subject: Subject, limits: Limits) -> None:
    """Runs for ever. Whatever arrives is answered, if only with an error; nothing that arrives ends it."""
    while True:
        peer, *frames = socket.recv_multipart()
        try:
            reply = _reply(frames, subject, limits)
        except BadMessage as bad:
            reply = messages.error(bad)
        except Exception as problem:  # a fault of this side; the asker is told and the next message answered
            reply = messages.error(BadMessage("internal", f"{type(problem).__name__}: {problem}"))
        socket.send_multipart([peer, *reply])


def collect_rarely() -> None:
    """torch is half a million objects that never go; looking through them again and again takes a third of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)  # the headers of one message are 30,000 lists and maps, none of them in a cycle


# --- internal ---


def _router(limits: Limits) -> zmq.Socket[bytes]:
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, 4 * limits.frame_bytes)
    return socket


def _reply(frames: list[bytes], subject: Subject, limits: Limits) -> list[bytes]:
    request = messages.read_request(frames, limits)
    if isinstance(request, Ask):
        return _answer(request, subject, limits)
    if isinstance(request, Hello):
        return messages.welcome(subject.name, subject.version, subject.capabilities)
    if isinstance(request, Floor):
        return _floor(request, subject, limits)
    return _load(request, subject)


def _answer(request: Ask, subject: Subject, limits: Limits) -> list[bytes]:
    answers: list[Plain] = []
    payloads: list[PayloadWriter] = []
    for header, memory in zip(request.cases, request.payloads):
        payload = PayloadWriter()
        try:
            answers.append(subject.answer(read_case(header, memory, limits), request.truth, payload))
        except Malformed as problem:
            payload = PayloadWriter()
            answers.append({"outcome": undecided("protocol", str(problem)), "truth": None})
        payloads.append(payload)
    return messages.answer(request.stamp, answers, payloads)


def _floor(request: Floor, subject: Any, limits: Limits) -> list[bytes]:
    if not hasattr(subject, "floor"):
        raise BadMessage("unsupported", f"{subject.name} has no floor", request.stamp)
    try:
        cases = [read_case(header, memory, limits) for header, memory in zip(request.cases, request.payloads)]
    except Malformed as problem:
        raise BadMessage("malformed", str(problem), request.stamp) from None
    return messages.floor(request.stamp, struct.pack("<d", subject.floor(cases)))


def _load(request: Load, subject: Any) -> list[bytes]:
    if not hasattr(subject, "load"):
        raise BadMessage("unsupported", f"{subject.name} loads no code", request.stamp)
    payload = PayloadWriter()
    report = subject.load(request.file, request.blocks, payload)
    return messages.loaded(request.stamp, report, payload.join())
