"""What a worker gives up before it runs foreign code: memory, processes, privileges, and the sight of the machine. Linux has all of it."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
from typing import Callable, NoReturn

import system_calls

_FILE_BYTES = 64 << 20
_OPEN_FILES = 256
_PROCESSES = 128
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class CannotConfine(Exception):
    """A step that this system does not allow; the text says which and why."""


def start_with_clean_environment() -> None:
    """
    Starts this program again with no more than it needs: foreign code can read the environment that a process was started with, and
    keys and passwords lie there.
    """
    if _CLEANED not in os.environ:
        kept = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith("LC_")}
        clean = {**kept, "PATH": os.defpath, _CLEANED: "1"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], clean)


def die_with_parent(parent: int) -> None:
    """`parent` is its number as seen from here. Changing credentials would undo this, so it comes after that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            os._exit(0)


def adopt_orphans() -> None:
    """What a worker has started and left becomes this process's child, wherever it has put itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def fork_into(room: int) -> int:
    """
    Forks into the sandbox whose first process is `room` by its number here. Returns the child's number to the caller, which
    stays outside to wait for it, and 0 to the child, which is inside. Raises CannotConfine, in the child too.
    """
    rooms = {name: os.open(f"/proc/{room}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in _NAMESPACES}
    host = os.getppid()
    _join(rooms, "user")  # the rights to join the others come with it
    _join(rooms, "pid")  # of its children
    child = os.fork()
    if child != 0:
        die_with_parent(host)
        for fd in rooms.values():
            os.close(fd)
        return child
    for name in ("net", "ipc", "uts", "mnt"):
        _join(rooms, name)
    for fd in rooms.values():
        os.close(fd)
    _drop_capabilities()
    os.setsid()  # what signals its own group does not reach the one who waits outside
    die_with_parent(0)  # a parent outside has no number inside
    return 0


def end_as(child: int) -> NoReturn:
    """Waits for the child and ends as it does, so that whoever waits for this process learns how it went."""
    _, status = os.waitpid(child, 0)
    number = os.waitstatus_to_exitcode(status)
    if number < 0:
        signal.signal(-number, signal.SIG_DFL) if -number not in (signal.SIGKILL, signal.SIGSTOP) else None
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), -number)
    os._exit(number if number >= 0 else 70)


def limit(memory_bytes: int, alone: bool) -> None:
    """
    What it may have beside what the host gave it. RLIMIT_DATA counts private writable memory, as Linux does since 4.7. `alone`: the
    user's other processes are not counted with this one's, so that their number can be limited too.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    if alone:
        resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))
    data = _data_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (data, data))
    if system_calls.known_here():
        with contextlib.suppress(OSError):  # `why_not_filter` has told
            system_calls.forbid(internet=alone)


def why_not_join(room: int) -> str | None:
    """Tries it in a process of its own. None where it works."""

    def trial() -> None:
        child = fork_into(room)
        if child == 0:
            os._exit(0)
        end_as(child)

    return _why_not(trial)


def why_not_limit() -> str | None:
    """Takes more than a limit allows in a process of its own. None where that fails, as it must."""

    def trial() -> None:
        limit(16 << 20, alone=False)
        try:
            mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except (OSError, MemoryError):
            return
        raise CannotConfine("memory beyond RLIMIT_DATA is handed out all the same")

    return _why_not(trial)


def why_not_filter() -> str | None:
    """Makes a socket that is forbidden in a process of its own. None where that fails, as it must."""

    def trial() -> None:
        if not system_calls.known_here():
            raise CannotConfine("system calls are filtered on Linux on x86-64 only")
        system_calls.forbid(internet=False)
        try:
            socket.socket(socket.AF_UNIX).close()
        except PermissionError:
            return
        raise CannotConfine("the filter of system calls lets a socket through")

    return _why_not(trial)


# --- internal ---

_CLEANED = "NORMATIVE_CLEAN_ENVIRONMENT"
_ENVIRONMENT = {
    *("HOME", "LANG", "TZ", "SYSTEMROOT"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONUTF8"),
    *("ATEN_CPU_CAPABILITY", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
}
_NAMESPACES = {"user": 0x10000000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x08000000, "uts": 0x04000000, "mnt": 0x00020000}


def _join(rooms: dict[str, int], name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(rooms[name], _NAMESPACES[name]) != 0:
        raise CannotConfine(f"joining the {name} namespace: {os.strerror(ctypes.get_errno())}")


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def _drop_capabilities() -> None:
    """Joining has given it all there are inside."""
    header = _CapabilityHeader(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(ctypes.byref(header), none) != 0:
        raise CannotConfine(f"dropping capabilities: {os.strerror(ctypes.get_errno())}")


def _data_bytes() -> int:
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 1 << 30  # no /proc: a generous guess


def _why_not(trial: Callable[[], None]) -> str | None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            trial()
            os._exit(0)
        except BaseException as problem:
            os.write(write, str(problem).encode()[:400])
        finally:
            os._exit(1)
    os.close(write)
    said = os.read(read, 400).decode()
    os.close(read)
    _, status = os.waitpid(child, 0)
    return None if status == 0 else said or f"it ended with status {status}"
