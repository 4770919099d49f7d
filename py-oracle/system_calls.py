"""The system calls that a worker may not make: to others' sockets and memory, for new namespaces, for memory nobody counts. Linux on x86-64."""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
import sys

Instruction = tuple[int, int, int, int]


def known_here() -> bool:
    """The numbers of system calls are those of one kind of machine."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def forbid(internet: bool) -> None:
    """
    For this process and all it starts, for ever: they fail with EPERM. `internet`: sockets of it may be made, since a namespace of its
    own leads nowhere. Raises OSError where the kernel has no filters.
    """
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _program(internet))
    memory = ctypes.create_string_buffer(program, len(program))
    header = _Program(len(program) // 8, ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(header), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel took no filter of system calls")


# --- internal ---

_PR_SET_SECCOMP = 22
_FILTER_MODE = 2
_PR_SET_NO_NEW_PRIVS = 38

_SOCKET = 41
_SOCKETPAIR = 53
_CLONE = 56
_CLONE3 = 435

_FORBIDDEN = {
    "memory and files of other processes": {"ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_getfd": 438},
    "namespaces and mounts": {"unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161},
    "mounts, the newer way": {"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432, "mount_setattr": 442},
    "memory that belongs to no process": {"memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68},
    "keys of the user": {"add_key": 248, "request_key": 249, "keyctl": 250},
    "system calls by another door": {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427},
    "parts of the kernel that no norm needs": {"bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "open_by_handle_at": 304},
}

_NEW_NAMESPACES = 0x7E020000  # the flags CLONE_NEW…
_THIS_MACHINE = 0xC000003E  # AUDIT_ARCH_X86_64
_OTHER_NUMBERING = 0x40000000  # x32

# Places in what the filter sees, and its instructions: a classic BPF program that may only jump forwards.
_NUMBER, _MACHINE, _FIRST, _SECOND = 0, 4, 16, 24
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_ALLOW = (_RETURN, 0, 0, 0x7FFF0000)
_KILL = (_RETURN, 0, 0, 0x80000000)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def _fail(number: int) -> Instruction:
    return (_RETURN, 0, 0, 0x00050000 | number)


def _program(internet: bool) -> list[Instruction]:
    families = (socket.AF_INET, socket.AF_INET6, 16) if internet else ()  # 16: netlink, which tells of network interfaces
    refuse = _fail(errno.EPERM)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, _THIS_MACHINE),
        _KILL,
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _OTHER_NUMBERING),
        refuse,
    ]
    for calls in _FORBIDDEN.values():
        for number in calls.values():
            program += [(_EQUAL, 0, 1, number), refuse]
    # Its flags lie in memory, out of a filter's sight; without it the C library takes `clone`.
    program += [(_EQUAL, 0, 1, _CLONE3), _fail(errno.ENOSYS)]
    program += _when(_CLONE, [(_LOAD, 0, 0, _FIRST), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), refuse, _ALLOW])
    # Of a file's socket: only a pair that is connected already, since any other could be sent elsewhere.
    program += _when(_SOCKETPAIR, [(_LOAD, 0, 0, _SECOND), (_AND, 0, 0, 15), (_EQUAL, 0, 1, 1), _ALLOW, refuse])
    allowed: list[Instruction] = []
    for family in families:
        allowed += [(_EQUAL, 0, 1, int(family)), _ALLOW]
    program += _when(_SOCKET, [(_LOAD, 0, 0, _FIRST), *allowed, refuse])
    return [*program, _ALLOW]


def _when(number: int, then: list[Instruction]) -> list[Instruction]:
    """`then` ends in a return on every way."""
    return [(_EQUAL, 0, len(then), number), *then]
