"""What a process can do to lock itself in before it runs what others wrote, by the system's own means.

On Linux: namespaces (no network, no other processes, everything but one folder read-only), Landlock (the
same for files, where namespaces aren't allowed), limits on time, memory and files. Everywhere: Python's audit
hooks, which refuse by name. What took effect is said; nothing here is assumed.

Only the standard library is used, and nothing of the rest of the program: this runs in the locked process.
Numbers of calls and flags: Linux's uapi headers (landlock.h, mount.h, sched.h), equal on x86-64 and AArch64.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

SIGNALLED = 128  # and the signal's number: how a process says that its child was ended by a signal
_MOST_PROCESSES = 256
_NEW_NETWORK, _NEW_PROCESSES, _NEW_USER = 0x40000000, 0x20000000, 0x10000000
_NEW_MOUNTS, _NEW_IPC = 0x00020000, 0x08000000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_MOUNT_SETATTR, _AT_HERE, _AT_RECURSIVE, _READ_ONLY = 442, -100, 0x8000, 0x1
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
# write_file, remove and make everything; refer, truncate: from version 2 and 3 on
_WRITES = 0x2 | sum(1 << bit for bit in range(4, 13))
_READS = 0x1 | 0x4 | 0x8  # execute, read files, read folders
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_TCP = 0x3  # bind and connect, from version 4 on


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _BelowPath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


class _MountAttributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "namespace"))


def lock_in(folder: str, hidden: Sequence[str]) -> list[str]:
    """Lock this process in.

    Args:
        folder: The only one that may be written to.
        hidden: Folders that must not be seen.

    Returns:
        What took effect: `network`, `processes`, `files`. The process that returns may be another one than
        called, a child of it, which ends with it.
    """
    if not sys.platform.startswith("linux"):
        return []
    library = ctypes.CDLL(None, use_errno=True)
    done = _namespaces(library, folder, hidden)
    library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return sorted({*done, *_landlock(library, folder)})


def _namespaces(library: Any, folder: str, hidden: Sequence[str]) -> list[str]:
    """Own network, mounts and process numbers, where the system lets its users have them."""
    user, group = os.getuid(), os.getgid()
    flags = _NEW_USER | _NEW_NETWORK | _NEW_MOUNTS | _NEW_PROCESSES | _NEW_IPC
    if library.unshare(flags) != 0:
        return []
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {user} 1")
    _write("/proc/self/gid_map", f"0 {group} 1")
    done = ["network"] + (["files"] if _read_only(library, folder, hidden) else [])
    child = os.fork()  # only children are in the new processes' namespace; when the first ends, all end
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(SIGNALLED + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
    if resource is not None:  # of this namespace; outside of one those of the user would count too
        resource.setrlimit(resource.RLIMIT_NPROC, (_MOST_PROCESSES, _MOST_PROCESSES))
    return [*done, "processes"]


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w") as file:  # noqa: PTH123
            file.write(text)
    except OSError:
        pass  # the mount calls below will fail, and that is said


def _read_only(library: Any, folder: str, hidden: Sequence[str]) -> bool:
    """Everything read-only but one folder, and some folders empty."""
    root, own = b"/", os.fsencode(folder)
    if library.mount(None, root, None, _RECURSIVE | _PRIVATE, None) != 0:
        return False
    if library.mount(own, own, None, _BIND, None) != 0:
        return False
    for path in hidden:
        if not any(_is_below(needed, path) for needed in (folder, *_readable())):
            library.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, None)
    everything, writable = _MountAttributes(_READ_ONLY), _MountAttributes(0, _READ_ONLY)

    def change(path: bytes, how: int, attributes: _MountAttributes) -> bool:
        size = ctypes.c_size_t(ctypes.sizeof(attributes))
        return int(library.syscall(_MOUNT_SETATTR, _AT_HERE, path, how, ctypes.byref(attributes), size)) == 0

    if not change(root, _AT_RECURSIVE, everything) or not change(own, 0, writable):
        return False
    os.chdir(folder)  # through the new mount
    return True


def _readable() -> list[str]:
    """What Python and its packages are read from."""
    own = {sys.prefix, sys.base_prefix, sys.base_exec_prefix, *sys.path}
    system = {"/usr", "/lib", "/lib64", "/bin", "/etc", "/dev", "/proc", "/sys"}
    return sorted(path for path in own | system if path and Path(path).is_dir())


def _is_below(path: str, folder: str) -> bool:
    return (os.path.realpath(path) + os.sep).startswith(os.path.realpath(folder) + os.sep)


def _landlock(library: Any, folder: str) -> list[str]:
    """Writing below one folder alone, reading there and where Python is; from version 4 on no network."""
    version = library.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return []
    writes = _WRITES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    rules = _Ruleset(writes | _READS, _TCP if version >= 4 else 0)
    size = ctypes.c_size_t(ctypes.sizeof(rules) if version >= 4 else 8)
    handle = library.syscall(_LANDLOCK_CREATE, ctypes.byref(rules), size, 0)
    if handle < 0:
        return []
    allowed = {folder: writes | _READS, os.devnull: 0x2 | 0x4} | dict.fromkeys(_readable(), _READS)
    added = all(_allow(library, handle, path, rights) for path, rights in allowed.items())
    locked = added and library.syscall(_LANDLOCK_RESTRICT, handle, 0) == 0
    os.close(handle)
    return (["files", "network"] if version >= 4 else ["files"]) if locked else []


def _allow(library: Any, handle: int, path: str, rights: int) -> bool:
    below = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined, unused-ignore]
    rule = _BelowPath(rights, below)
    added = library.syscall(_LANDLOCK_ADD, handle, 1, ctypes.byref(rule), 0) == 0
    os.close(below)
    return bool(added)


def limit(seconds: int, megabytes: int, file_megabytes: int) -> None:
    """Limit time on the processor, memory, the size of files, and how many files and processes there are."""
    if resource is None:
        return
    memory = megabytes * 2**20
    wanted = {
        "RLIMIT_CPU": (seconds, seconds + 1),
        "RLIMIT_AS": (memory, memory),
        "RLIMIT_FSIZE": (file_megabytes * 2**20,) * 2,
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NOFILE": (256, 256),
    }
    for name, limits in wanted.items():
        try:
            resource.setrlimit(getattr(resource, name), limits)
        except (AttributeError, OSError, ValueError):
            continue


_REFUSED = (
    "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "subprocess.Popen",
    "os.kill", "os.killpg", "os.startfile", "pty.spawn", "signal.pthread_kill", "webbrowser.open",
    "urllib.Request", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.sendto", "socket.sendmsg", "ftplib.connect", "smtplib.connect", "http.client.connect",
)  # fmt: skip
_CHANGING = (
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink",
    "os.truncate", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(folder: str, refused: Callable[[str], None]) -> None:
    """Refuse, by name, what notebooks have no need of; the determined get past this, but not past the rest.

    Args:
        folder: The only one that may be changed.
        refused: Called with the name of what was tried.
    """
    inside = os.path.realpath(folder) + os.sep

    def is_inside(path: Any) -> bool:
        if isinstance(path, int):
            return True
        return (os.path.realpath(os.fsdecode(path)) + os.sep).startswith(inside)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED:
            refuse(event)
        if event in _CHANGING:
            paths = [path for path in arguments if isinstance(path, str | bytes | os.PathLike)]
            if not all(map(is_inside, paths)):
                refuse(event)
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            path = arguments[0]
            if path is not None and path != os.devnull and not is_inside(path):
                refuse("open")

    def refuse(event: str) -> None:
        refused(event)
        raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(hook)
