"""Forks a worker for each snippet from one process that has torch in memory. It runs no foreign code and answers on no socket."""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass, replace
from typing import Any, Callable, NoReturn

import confine

RunWorker = Callable[[int, Callable[[], None]], None]
"""Given a socket that listens already, and how to say that everything is ready."""


@dataclass(frozen=True, slots=True)
class _Start:
    id: int
    endpoint: str
    scratch: str
    memory_bytes: int
    room: int | None  # the first process of the sandbox that it is to join


@dataclass(frozen=True, slots=True)
class _Child:
    id: int
    bound: int | None  # read end of the pipe on which it says that its socket is bound; None once that was heard


def run_host(ready: dict[str, Any], run_worker: RunWorker) -> NoReturn:
    """
    Reads JSON lines from standard input until it closes: {"start": id, "endpoint", "scratch", "memoryBytes", "room"}, {"kill": id}
    and {"try": room}. Writes {"started": id, "pid", "keeper"} once the worker is confined and its socket bound, {"ended": id, "code",
    "signal"} when it is gone, {"tried", …} as an answer to `try`, and {"refused": what} for a line that is none of these. A worker
    in a sandbox has a keeper, a process outside that waits for it. When this process ends, however it ends, so do the workers.
    """
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    confine.adopt_orphans()
    children: dict[int, _Child] = {}
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ, "stdin")
    selector.register(wake_read, selectors.EVENT_READ, "child")
    rest = b""
    _say(ready)
    while True:
        for key, _ in selector.select():
            if key.data == "stdin":
                chunk = os.read(0, 65536)
                if not chunk:
                    _end(children)
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    _obey(line, children, selector, run_worker)
            elif key.data == "child":
                _drain(wake_read)
                _report_ended(children, selector)
            else:
                _report_started(key.fd, key.data, children, selector)


# --- internal ---

_PIPE = 3
_LISTENER = 4
_SCRATCH_INSIDE = "/tmp"


def _say(event: dict[str, Any]) -> None:
    os.write(1, json.dumps(event).encode() + b"\n")


def _obey(line: bytes, children: dict[int, _Child], selector: selectors.BaseSelector, run_worker: RunWorker) -> None:
    try:
        order = json.loads(line)
        if "kill" in order:
            for pid, child in children.items():
                if child.id == order["kill"]:
                    _kill(pid)
            return
        if "try" in order:
            _say(_try(order["try"]))
            return
        room = order["room"]
        start = _Start(
            int(order["start"]),
            str(order["endpoint"]),
            str(order["scratch"]),
            int(order["memoryBytes"]),
            None if room is None else int(room),
        )
    except (ValueError, KeyError, TypeError) as problem:
        _say({"refused": f"{type(problem).__name__}: {problem} in {line[:200]!r}"})
        return
    bound_read, bound_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_worker(start, bound_write, run_worker)
    os.close(bound_write)
    children[pid] = _Child(start.id, bound_read)
    selector.register(bound_read, selectors.EVENT_READ, pid)


def _try(room: int | None) -> dict[str, Any]:
    """What confines a worker here, found by doing it: null where it does, else why not. And where this Python has its code."""
    return {
        "tried": True,
        "join": "there is no sandbox" if room is None else confine.why_not_join(int(room)),
        "limit": confine.why_not_limit(),
        "filter": confine.why_not_filter(),
        "readable": [sys.prefix, sys.base_prefix, sys.exec_prefix, *(path for path in sys.path if path)],
    }


def _become_worker(start: _Start, bound_write: int, run_worker: RunWorker) -> NoReturn:
    code = 70
    host = os.getppid()
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _keep_only(bound_write, _listen(start.endpoint), start.scratch)
        if start.room is None:
            confine.die_with_parent(host)
            home = start.scratch
        else:
            child = confine.fork_into(start.room)
            if child != 0:
                os.close(_PIPE)
                os.close(_LISTENER)
                confine.end_as(child)
            home = _SCRATCH_INSIDE
        os.chdir(home)
        os.environ.update({"HOME": home, "TMPDIR": home})
        confine.limit(start.memory_bytes, alone=start.room is not None)
        run_worker(_LISTENER, lambda: _tell_bound(_PIPE))
        code = 0
    except BaseException as problem:  # nothing may return into the host's loop
        os.write(2, f"{type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(code)


def _listen(endpoint: str) -> int:
    """From outside of any sandbox: what runs inside sees neither the socket's path nor its folder."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(endpoint.removeprefix("ipc://"))
    listener.listen(4)
    return listener.detach()


def _keep_only(bound_write: int, listener: int, scratch: str) -> None:
    """Nothing of the host stays open: not its control channel, not its standard streams. Standard error goes to a file."""
    nothing = os.open(os.devnull, os.O_RDWR)
    errors = os.open(os.path.join(scratch, "stderr"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in (nothing, nothing, errors, bound_write, listener)]
    for target, fd in enumerate(high):
        os.dup2(fd, target)
    os.closerange(_LISTENER + 1, 65536)
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", closefd=False, buffering=1)


def _tell_bound(pipe: int) -> None:
    os.write(pipe, b"!")
    os.close(pipe)


def _report_started(fd: int, pid: int, children: dict[int, _Child], selector: selectors.BaseSelector) -> None:
    selector.unregister(fd)
    told = os.read(fd, 1)
    os.close(fd)
    if pid in children:
        children[pid] = replace(children[pid], bound=None)  # the number may be another pipe's from now on
        if told:
            inside = _children(pid)  # a keeper has one child, a worker none yet
            _say({"started": children[pid].id, "pid": min(inside, default=pid), "keeper": pid})


def _report_ended(children: dict[int, _Child], selector: selectors.BaseSelector) -> None:
    for pid in list(children):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done == 0:
            continue
        child = children.pop(pid)
        _kill_group(pid)
        if child.bound is not None:
            selector.unregister(child.bound)
            os.close(child.bound)
        number = os.waitstatus_to_exitcode(status)
        name = None if number >= 0 else signal.Signals(-number).name
        _say({"ended": child.id, "code": number if number >= 0 else None, "signal": name})
    _end_orphans(set(children))


def _end(children: dict[int, _Child]) -> NoReturn:
    for pid in children:
        _kill(pid)
        os.waitpid(pid, 0)
    _end_orphans(set())
    os._exit(0)


def _end_orphans(workers: set[int]) -> None:
    """Children that are no workers: left by a worker that has ended. Each may leave children of its own, so again until none is left."""
    while orphans := _children(os.getpid()) - workers:
        for pid in orphans:
            _kill(pid)
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass


def _children(pid: int) -> set[int]:
    """Of a process of one thread."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
            return {int(pid) for pid in listed.read().split()}
    except OSError:
        return set()  # no /proc


def _kill(pid: int) -> None:
    """Only for a child that was not waited for yet, so its number cannot belong to another."""
    os.kill(pid, signal.SIGKILL)
    _kill_group(pid)


def _kill_group(pid: int) -> None:
    """What it has started itself."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 4096):
            pass
    except BlockingIOError:
        pass
