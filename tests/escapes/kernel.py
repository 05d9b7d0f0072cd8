"""Asking the kernel for more than a command needs."""

import ctypes
import mmap
import os
import platform
import struct
from pathlib import Path

from tests.escapes.attempts import Loot, Places, attempt, shell, unless
from tests.escapes.syscalls import ELSEWHERE, LIBC, checked, syscall

NEW_USER, NEW_MOUNTS, NEW_NETWORK = 0x10000000, 0x00020000, 0x40000000
NO_SPACES = unless("kernel/apparmor_restrict_unprivileged_userns", 0) or (
    "" if Path("/proc/sys/user/max_user_namespaces").exists() else "the kernel has no user namespaces"
)
"""Why nobody but root may make namespaces of users."""
ONLY_ROOT = "only root may"
PERSONALITY_FIXED = 0x0040000
KEYS_OF_SESSION, JOIN = -3, 1
X32 = 0x40000000
I386_GETPID = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"
"""mov eax, 20; int 0x80; ret"""


def forked(name: str, *arguments: object) -> bool:
    """Whether a call that forks did; the child ends at once."""
    pid = syscall(name, *arguments)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


@attempt("medium", unreal=NO_SPACES)
def makes_a_user_namespace(_places: Places) -> Loot:
    return syscall("unshare", NEW_USER) == 0


@attempt("medium", unreal=NO_SPACES)
def makes_a_network_namespace(_places: Places) -> Loot:
    return syscall("unshare", NEW_USER | NEW_NETWORK) == 0


@attempt("medium", unreal=NO_SPACES)
def forks_into_a_user_namespace(_places: Places) -> Loot:
    return forked("clone", NEW_USER | 17, 0, 0, 0, 0)


@attempt("medium", unreal=NO_SPACES)
def forks_into_a_user_namespace_by_the_newer_call(_places: Places) -> Loot:
    arguments = ctypes.create_string_buffer(struct.pack("<11Q", NEW_USER, 0, 0, 0, 17, *[0] * 6), 88)
    return forked("clone3", arguments, 88)


@attempt("high", unreal=NO_SPACES)
def becomes_root_of_its_own(places: Places) -> Loot:
    """With all rights in a namespace the covers of the sandbox can be taken away."""
    line = f"mount -t tmpfs none '{places.workspace}' && echo mounted"
    return "mounted" in shell(f'unshare --user --map-root-user --mount sh -c "{line}"')


@attempt("high", unreal=ONLY_ROOT)
def mounts_something(places: Places) -> Loot:
    nothing = ctypes.c_char_p(b"tmpfs")
    return syscall("mount", nothing, ctypes.c_char_p(places.workspace.encode()), nothing, 0, 0) == 0


@attempt("high", unreal=ONLY_ROOT)
def takes_a_cover_away(places: Places) -> Loot:
    cover = ctypes.c_char_p(f"{places.workspace}/.git/hooks".encode())
    return syscall("umount2", cover, 2) == 0


@attempt("high", unreal=ONLY_ROOT)
def makes_a_cover_writable(places: Places) -> Loot:
    cover = ctypes.c_char_p(f"{places.workspace}/.git/hooks".encode())
    return syscall("mount", 0, cover, 0, 0x20 | 0x1000, 0) == 0


@attempt("high", unreal=ONLY_ROOT)
def mounts_by_the_newer_calls(_places: Places) -> Loot:
    return syscall("fsopen", ctypes.c_char_p(b"tmpfs"), 0) >= 0


@attempt("high", unreal=ONLY_ROOT)
def clones_a_mount(places: Places) -> Loot:
    return syscall("open_tree", -100, ctypes.c_char_p(places.workspace.encode()), 1) >= 0


@attempt("high", unreal=ONLY_ROOT)
def enters_the_namespaces_of_a_program(places: Places) -> Loot:
    return syscall("setns", os.pidfd_open(places.victim), NEW_MOUNTS) == 0


@attempt("high", unreal=ONLY_ROOT)
def changes_the_root_of_all(_places: Places) -> Loot:
    here = ctypes.c_char_p(b".")
    return syscall("pivot_root", here, here) == 0


@attempt("medium")
def joins_another_keyring(_places: Places) -> Loot:
    return syscall("keyctl", JOIN, 0) > 0


@attempt("medium")
def adds_a_key(_places: Places) -> Loot:
    kind, name, text = ctypes.c_char_p(b"user"), ctypes.c_char_p(b"maestro-attempt"), ctypes.c_char_p(b"x")
    return syscall("add_key", kind, name, text, 1, -1) > 0


@attempt("medium", unreal=unless("kernel/unprivileged_bpf_disabled", 0))
def makes_a_map_of_the_kernel(_places: Places) -> Loot:
    wanted = ctypes.create_string_buffer(struct.pack("<5I", 2, 4, 4, 1, 0), 72)
    return syscall("bpf", 0, wanted, 72) >= 0


@attempt("low", unreal=unless("kernel/perf_event_paranoid", 2))
def counts_what_the_processor_does(_places: Places) -> Loot:
    # a counter of software, of itself, outside of the kernel
    wanted = ctypes.create_string_buffer(struct.pack("<IIQQQQQ", 1, 112, 1, 0, 0, 0, 1 << 5 | 1 << 6), 112)
    return syscall("perf_event_open", wanted, 0, -1, -1, 0) >= 0


@attempt("medium", unreal=unless("kernel/io_uring_disabled", 0))
def queues_calls_past_the_filter(_places: Places) -> Loot:
    return syscall("io_uring_setup", 1, ctypes.create_string_buffer(120)) >= 0


@attempt("low")
def holds_the_kernel_at_a_page(_places: Places) -> Loot:
    only_in_user_mode = 1
    return syscall("userfaultfd", os.O_CLOEXEC | only_in_user_mode) >= 0


@attempt("low")
def watches_a_file_system(_places: Places) -> Loot:
    with_handles = 0x200
    return syscall("fanotify_init", with_handles, os.O_RDONLY) >= 0


@attempt("low")
def takes_its_address_space_apart(_places: Places) -> Loot:
    return syscall("personality", PERSONALITY_FIXED) >= 0


@attempt("low", unreal=ELSEWHERE)
def changes_its_segments(_places: Places) -> Loot:
    return syscall("modify_ldt", 0, ctypes.create_string_buffer(16), 16) >= 0


@attempt("medium", unreal=ELSEWHERE)
def calls_with_the_old_numbers(_places: Places) -> Loot:
    """A filter knows the calls of one architecture; the kernel may serve two."""
    start, end = os.pipe()
    if os.fork() == 0:
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(I386_GETPID)
        got = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        os.write(end, b"through" if got == os.getpid() else b"")
        os._exit(0)
    os.close(end)
    return os.read(start, 10) == b"through"


@attempt("medium", unreal="kernels of distributions leave it out")
def calls_with_the_numbers_of_x32(_places: Places) -> Loot:
    number = 39 if platform.machine() == "x86_64" else 172
    return checked(LIBC.syscall(ctypes.c_long(X32 | number))) == os.getpid()


@attempt("high", unreal=ONLY_ROOT)
def loads_a_module(_places: Places) -> Loot:
    return syscall("init_module", ctypes.c_char_p(b""), 0, ctypes.c_char_p(b"")) == 0


@attempt("high", unreal=ONLY_ROOT)
def loads_another_kernel(_places: Places) -> Loot:
    return syscall("kexec_load", 0, 0, 0, 0) == 0


@attempt("low", unreal=unless("kernel/dmesg_restrict", 0))
def reads_the_log_of_the_kernel(_places: Places) -> Loot:
    return syscall("syslog", 3, ctypes.create_string_buffer(64), 64) > 0


@attempt("high", unreal="it belongs to root")
def sets_what_runs_at_a_crash(_places: Places) -> Loot:
    """A program named there is run by the kernel, as root, outside."""
    return os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY) >= 0


@attempt("high", unreal="it belongs to root")
def asks_for_a_restart(_places: Places) -> Loot:
    return os.open("/proc/sysrq-trigger", os.O_WRONLY) >= 0


@attempt("high", unreal="it belongs to root")
def sets_what_runs_for_a_device(_places: Places) -> Loot:
    return any(
        os.access(path, os.W_OK)
        for path in ("/proc/sys/kernel/modprobe", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs")
    )


@attempt("medium", unreal=ONLY_ROOT)
def sets_the_clock(_places: Places) -> Loot:
    now = ctypes.create_string_buffer(struct.pack("<qq", 0, 0), 16)
    return syscall("settimeofday", now, 0) == 0


@attempt("low", unreal=ONLY_ROOT)
def names_the_machine(_places: Places) -> Loot:
    return syscall("sethostname", ctypes.c_char_p(b"mine"), 4) == 0


@attempt("medium", unreal=ONLY_ROOT)
def swaps_to_a_file(_places: Places) -> Loot:
    return syscall("swapon", ctypes.c_char_p(b"README.md"), 0) == 0


@attempt("medium", unreal=ELSEWHERE or ONLY_ROOT)
def talks_to_the_ports_of_the_machine(_places: Places) -> Loot:
    return syscall("iopl", 3) == 0


@attempt("medium")
def attaches_a_segment_of_the_app(places: Places) -> Loot:
    segment = syscall("shmget", places.segment, 0, 0)
    found = LIBC.shmat(segment, None, 0o10000)
    return b"" if found in {None, ctypes.c_void_p(-1).value} else ctypes.string_at(found, 64)


@attempt("medium")
def takes_a_message_of_the_app(places: Places) -> Loot:
    queue = checked(LIBC.msgget(places.segment, 0))
    message = ctypes.create_string_buffer(128)
    checked(LIBC.msgrcv(queue, message, 120, 0, 0o4000))
    return message.raw
