"""Reading what is not the session's."""

import ctypes
import os
import select
import shutil
import struct
import subprocess
from pathlib import Path

from tests.escapes.attempts import LANDLOCK, Loot, Places, attempt, shell
from tests.escapes.syscalls import LIBC, checked, syscall

AT_FDCWD = -100


@attempt("high")
def reads_the_key_of_a_person(places: Places) -> Loot:
    return Path(places.home, ".ssh/id_ed25519").read_bytes()


@attempt("high")
def reads_the_database(places: Places) -> Loot:
    return Path(places.app, "maestro.db").read_bytes()


@attempt("high")
def reads_the_settings_of_the_app(places: Places) -> Loot:
    return shell(f"cat '{places.app}/.env'")


@attempt("high")
def reads_the_encryption_key(places: Places) -> Loot:
    return shell(f"base64 -w0 '{places.app}/secret.key' | base64 -d")


@attempt("high")
def reads_another_session(places: Places) -> Loot:
    return Path(places.other, "notes.md").read_bytes()


@attempt("medium")
def lists_another_session(places: Places) -> Loot:
    return " ".join(path.name for path in Path(places.other).iterdir())


@attempt("medium")
def finds_files_outside(places: Places) -> Loot:
    return shell(f"find '{Path(places.workspace).parent}' -maxdepth 2")


@attempt("high")
def reads_by_dots(places: Places) -> Loot:
    return Path("..", Path(places.other).name, "notes.md").read_bytes()


@attempt("high")
def reads_through_a_link(places: Places) -> Loot:
    Path("link").symlink_to(Path(places.home, ".ssh/id_ed25519"))
    return Path("link").read_bytes()


@attempt("high")
def reads_through_a_linked_folder(places: Places) -> Loot:
    Path("folder").symlink_to(places.home)
    return Path("folder/.ssh/id_ed25519").read_bytes()


@attempt("high")
def reads_through_a_hard_link(places: Places) -> Loot:
    Path("same").hardlink_to(Path(places.home, ".ssh/id_ed25519"))
    return Path("same").read_bytes()


@attempt("high")
def moves_a_secret_in(places: Places) -> Loot:
    Path(places.home, ".ssh/id_ed25519").rename("moved")
    return Path("moved").read_bytes()


@attempt("high")
def reads_by_a_descriptor_of_a_path(places: Places) -> Loot:
    found = os.open(Path(places.home, ".ssh/id_ed25519"), os.O_PATH)
    return Path(f"/proc/self/fd/{found}").read_bytes()


@attempt("high")
def reads_below_a_foreign_folder(places: Places) -> Loot:
    folder = os.open(places.app, os.O_RDONLY | os.O_DIRECTORY)
    return os.read(os.open("secret.key", os.O_RDONLY, dir_fd=folder), 4096)


@attempt("high")
def reads_with_the_newer_call(places: Places) -> Loot:
    how = ctypes.create_string_buffer(struct.pack("<QQQ", os.O_RDONLY, 0, 0), 24)
    path = ctypes.c_char_p(os.fsencode(Path(places.app, "secret.key")))
    return os.read(syscall("openat2", AT_FDCWD, path, how, 24), 4096)


@attempt("high")
def goes_into_a_foreign_folder(places: Places) -> Loot:
    os.chdir(places.app)
    return Path("secret.key").read_bytes()


@attempt("high")
def copies_with_a_program(places: Places) -> Loot:
    shutil.copytree(places.app, "stolen")
    return Path("stolen/secret.key").read_bytes()


@attempt("high")
def runs_a_foreign_program(places: Places) -> Loot:
    return subprocess.run([f"{places.app}/program"], stdout=subprocess.PIPE, check=False).stdout


@attempt("high")
def reads_shared_memory(places: Places) -> Loot:
    return Path(places.shared).read_bytes()


@attempt("high")
def reads_the_environment(places: Places) -> Loot:
    return os.environ.get(places.variable, "") + Path("/proc/self/environ").read_text()


@attempt("high")
def reads_an_inherited_descriptor(places: Places) -> Loot:
    return os.pread(places.inherited, 4096, 0)


@attempt("high")
def reads_any_open_descriptor(_places: Places) -> Loot:
    found = b""
    for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        try:
            found += os.pread(number, 4096, 0)
        except OSError:
            continue
    return found


@attempt("medium")
def reads_the_standard_input_of_the_app(_places: Places) -> Loot:
    return os.read(0, 4096)


@attempt("low", residual=LANDLOCK)
def looks_at_a_foreign_file(places: Places) -> Loot:
    return Path(places.home, ".ssh/id_ed25519").stat().st_size > 0


@attempt("low", residual=LANDLOCK)
def asks_whether_a_foreign_file_is_there(places: Places) -> Loot:
    return os.access(Path(places.app, "secret.key"), os.F_OK)


@attempt("low")
def watches_a_foreign_folder(places: Places) -> Loot:
    watch = checked(LIBC.inotify_init1(0))
    checked(LIBC.inotify_add_watch(watch, os.fsencode(places.app), 0x20))
    Path(places.app, "secret.key").read_bytes()
    return bool(select.select([watch], [], [], 0.2)[0])


@attempt("low")
def reads_the_free_space_of_a_foreign_folder(places: Places) -> Loot:
    return os.statvfs(os.open(places.app, os.O_RDONLY)).f_blocks > 0


@attempt("high", unreal="it belongs to root")
def reads_the_passwords(_places: Places) -> Loot:
    return bool(Path("/etc/shadow").read_bytes())


@attempt("medium", unreal="devices belong to root")
def reads_a_disk(_places: Places) -> Loot:
    disks = [path for path in Path("/dev").iterdir() if path.is_block_device()]
    return any(path.open("rb").read(1) for path in [*disks, Path("/dev/mem")])


@attempt("high", unreal="only a holder of CAP_DAC_READ_SEARCH opens by handle")
def opens_by_handle(places: Places) -> Loot:
    handle = ctypes.create_string_buffer(struct.pack("<Ii", 128, 0), 136)
    mount = ctypes.c_int()
    path = ctypes.c_char_p(os.fsencode(places.workspace))
    syscall("name_to_handle_at", AT_FDCWD, path, handle, ctypes.byref(mount), 0)
    folder = os.open(places.workspace, os.O_RDONLY)
    return syscall("open_by_handle_at", folder, handle, os.O_RDONLY) >= 0


@attempt("high", unreal="only root changes its root")
def leaves_by_a_second_root(places: Places) -> Loot:
    os.chroot(places.workspace)
    for _ in range(32):
        os.chdir("..")
    os.chroot(".")
    return Path(places.app, "secret.key").read_bytes()
