"""Forks a worker for each snippet from one process that has torch in memory. It runs no foreign code and opens no socket."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import selectors
import signal
import sys
from dataclasses import dataclass, replace
from typing import Any, Callable, NoReturn

RunWorker = Callable[[str, Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class _Start:
    id: int
    endpoint: str
    scratch: str
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class _Child:
    id: int
    bound: int | None  # read end of the pipe on which it says that its socket is bound; None once that was heard


def run_host(ready: dict[str, Any], run_worker: RunWorker) -> NoReturn:
    """
    Reads JSON lines from standard input until it closes: {"start": id, "endpoint", "scratch", "memoryBytes"} and
    {"kill": id}. Writes {"started": id, "pid"} once the worker's socket is bound, {"ended": id, "code", "signal"} when it
    is gone, and {"refused": what} for a line that is neither. When this process ends, however it ends, so do the workers.
    """
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    _adopt_orphans()
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

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_FILE_BYTES = 64 << 20


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
        start = _Start(
            int(order["start"]), str(order["endpoint"]), str(order["scratch"]), int(order["memoryBytes"])
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


def _become_worker(start: _Start, bound_write: int, run_worker: RunWorker) -> NoReturn:
    code = 70
    try:
        _die_with_parent()
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(start.scratch)
        _replace_streams(bound_write)
        _limit(start.memory_bytes)
        run_worker(start.endpoint, lambda: _tell_bound(_PIPE))
        code = 0
    except BaseException as problem:  # nothing may return into the host's loop
        os.write(2, f"{type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(code)


_PIPE = 3


def _replace_streams(bound_write: int) -> None:
    """Nothing of the host stays open: not its control channel, not its standard streams. Standard error goes to a file."""
    os.dup2(bound_write, _PIPE) if bound_write != _PIPE else None
    nothing = os.open(os.devnull, os.O_RDWR)
    errors = os.open("stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(errors, 2)
    os.closerange(_PIPE + 1, 65536)
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", closefd=False, buffering=1)


def _tell_bound(pipe: int) -> None:
    os.write(pipe, b"!")
    os.close(pipe)


def _limit(memory_bytes: int) -> None:
    """What it may have beside what the host gave it. RLIMIT_DATA counts private writable memory, as Linux does since 4.7."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    limit = _data_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _data_bytes() -> int:
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 1 << 30  # no /proc: a generous guess


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # it died before the call
            os._exit(0)


def _report_started(fd: int, pid: int, children: dict[int, _Child], selector: selectors.BaseSelector) -> None:
    selector.unregister(fd)
    told = os.read(fd, 1)
    os.close(fd)
    if pid in children:
        children[pid] = replace(children[pid], bound=None)  # the number may be another pipe's from now on
        if told:
            _say({"started": children[pid].id, "pid": pid})


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


def _adopt_orphans() -> None:
    """What a worker has started and left becomes this process's child, wherever it has put itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _end_orphans(workers: set[int]) -> None:
    """Children that are no workers: left by a worker that has ended. Each may leave children of its own, so again until none is left."""
    while orphans := _children() - workers:
        for pid in orphans:
            _kill(pid)
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass


def _children() -> set[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listed:
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
