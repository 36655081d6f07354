"""Locks the decoding child in before it reads a hostile byte: memory, time, file size, no network, no new files.

What is covered: address space, CPU time, core dumps, processes' output size; on Linux, no new privileges, an empty
network namespace where the kernel allows one, and a system-call filter that refuses sockets, programs and opening
files. What is not covered: kernel faults and side channels; where the filter cannot be installed (another
processor or system) only the limits hold, and `confine` says so in what it returns.
"""

import ctypes
import platform
import resource
import struct

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
FILTER_MODE = 2
CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
ALLOW, REFUSE_EPERM = 0x7FFF0000, 0x00050001
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
JUMP_IF_AT_LEAST = 0x35
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Opening, making, linking, renaming or removing files; sockets; programs; other processes; io_uring; by processor.
FORBIDDEN = {
    "x86_64": (2, 257, 437, 85, 41, 53, 42, 49, 50, 59, 322, 62, 101, 310, 311, 87, 263, 82, 264, 316, 86, 88, 90, 425),
    "aarch64": (56, 437, 198, 199, 203, 200, 201, 221, 281, 129, 117, 270, 271, 35, 38, 276, 36, 37, 53, 40, 425),
}


def limit(memory: int, cpu_seconds: int, output: int) -> None:
    """Set the hard limits of this process, in bytes and seconds; there is no way back."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def confine() -> dict[str, bool]:
    """Give up the network, new files and new programs; says what took hold. Open what you need before."""
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "no_network": libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0,
        "no_new_privileges": libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        "filtered": _filter(libc),
    }


def _filter(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in FORBIDDEN:
        return False
    program = _program(ARCHITECTURES[machine], FORBIDDEN[machine])
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    return bool(libc.prctl(PR_SET_SECCOMP, FILTER_MODE, header, 0, 0) == 0)


def _program(architecture: int, forbidden: tuple[int, ...]) -> bytes:
    """Classic BPF over `struct seccomp_data`: these calls, and every call of another ABI, fail with EPERM."""
    count = len(forbidden)
    steps = [(LOAD, 0, 0, 4), (JUMP_IF_EQUAL, 0, count + 3, architecture), (LOAD, 0, 0, 0)]
    steps.append((JUMP_IF_AT_LEAST, count + 1, 0, 0x40000000))
    steps += [(JUMP_IF_EQUAL, count - index, 0, call) for index, call in enumerate(forbidden)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE_EPERM)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
