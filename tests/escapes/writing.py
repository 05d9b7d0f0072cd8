"""Writing where the session has nothing to write."""

import os
import shutil
import socket
import stat
from pathlib import Path

from tests.escapes.attempts import LANDLOCK, Loot, Places, attempt, shell


@attempt("high")
def writes_a_file_outside(places: Places) -> Loot:
    Path(places.home, "new").write_text("here")


@attempt("high")
def writes_the_shell_profile(places: Places) -> Loot:
    return shell(f"echo evil >> '{places.home}/.bashrc'")


@attempt("high")
def writes_the_home_it_is_told(_places: Places) -> Loot:
    with Path.home().joinpath(".bashrc").open("a") as profile:
        profile.write("evil\n")


@attempt("high")
def writes_the_settings_of_the_app(places: Places) -> Loot:
    Path(places.app, ".env").write_text("SANDBOX=off")


@attempt("high")
def writes_another_session(places: Places) -> Loot:
    Path(places.other, "notes.md").write_text("evil")


@attempt("high")
def writes_a_program_that_others_run(places: Places) -> Loot:
    Path(places.app, "program").write_text("#!/bin/sh\nevil\n")


@attempt("high")
def writes_through_a_link(places: Places) -> Loot:
    Path("link").symlink_to(Path(places.home, ".bashrc"))
    Path("link").write_text("evil")


@attempt("high")
def writes_through_a_linked_folder(places: Places) -> Loot:
    Path("folder").symlink_to(places.home)
    Path("folder/new").write_text("evil")


@attempt("high")
def writes_through_a_hard_link(places: Places) -> Loot:
    Path("same").hardlink_to(Path(places.home, ".bashrc"))
    Path("same").write_text("evil")


@attempt("high")
def writes_through_the_root_of_its_parent(places: Places) -> Loot:
    Path(f"/proc/{os.getppid()}/root{places.home}", "new").write_text("here")


@attempt("high")
def moves_a_file_out(places: Places) -> Loot:
    Path("mine").write_text("evil")
    Path("mine").rename(Path(places.home, ".profile"))


@attempt("high")
def links_a_file_out(places: Places) -> Loot:
    Path("mine").write_text("evil")
    Path(places.home, ".profile").hardlink_to("mine")


@attempt("high")
def empties_a_file(places: Places) -> Loot:
    os.truncate(Path(places.app, "maestro.db"), 0)


@attempt("high")
def opens_a_file_emptying_it(places: Places) -> Loot:
    os.open(Path(places.app, "maestro.db"), os.O_RDONLY | os.O_TRUNC)


@attempt("high")
def deletes_a_file(places: Places) -> Loot:
    Path(places.app, "maestro.db").unlink()


@attempt("high")
def deletes_a_folder(places: Places) -> Loot:
    shutil.rmtree(places.other)


@attempt("medium")
def makes_a_folder(places: Places) -> Loot:
    Path(places.home, "folder").mkdir()


@attempt("medium")
def makes_a_link(places: Places) -> Loot:
    Path(places.home, "link").symlink_to("/etc/passwd")


@attempt("medium")
def makes_a_named_pipe(places: Places) -> Loot:
    os.mkfifo(Path(places.home, "pipe"))


@attempt("medium")
def makes_a_socket(places: Places) -> Loot:
    socket.socket(socket.AF_UNIX).bind(f"{places.sockets}/new")


@attempt("medium", residual=LANDLOCK)
def changes_a_mode(places: Places) -> Loot:
    Path(places.home, ".ssh/id_ed25519").chmod(0o644)


@attempt("low", residual=LANDLOCK)
def changes_a_time(places: Places) -> Loot:
    os.utime(Path(places.app, "maestro.db"), (0, 0))


@attempt("medium", residual=LANDLOCK)
def changes_an_attribute(places: Places) -> Loot:
    os.setxattr(Path(places.app, "maestro.db"), "user.evil", b"1")


@attempt("high")
def changes_places_with_its_workspace(places: Places) -> Loot:
    Path(places.workspace).rename(places.workspace + "-away")
    Path(places.workspace).symlink_to(places.home)


@attempt("high")
def removes_its_workspace(places: Places) -> Loot:
    shutil.rmtree(places.workspace, ignore_errors=True)


@attempt("medium")
def leaves_something_in_tmp(places: Places) -> Loot:
    Path("/tmp", places.abstract).write_text("waits for the next")  # noqa: S108


@attempt("medium")
def leaves_something_in_var_tmp(places: Places) -> Loot:
    Path("/var/tmp", places.abstract).write_text("waits for the next")  # noqa: S108


@attempt("medium")
def leaves_something_in_shared_memory(places: Places) -> Loot:
    Path("/dev/shm", places.abstract).write_text("waits for the next")  # noqa: S108


@attempt("high")
def leaves_a_set_id_file(_places: Places) -> Loot:
    Path("root").write_text("#!/bin/sh\n")
    Path("root").chmod(0o4755)


@attempt("high")
def leaves_a_set_id_file_by_a_program(_places: Places) -> Loot:
    return shell("cp /bin/sh root && chmod u+s,g+s root")


@attempt("high")
def leaves_a_set_id_file_when_made(_places: Places) -> Loot:
    os.umask(0)
    os.open("root", os.O_CREAT | os.O_WRONLY, 0o6755)


@attempt("high")
def leaves_a_set_id_file_by_its_descriptor(_places: Places) -> Loot:
    os.fchmod(os.open("root", os.O_CREAT | os.O_WRONLY, 0o755), 0o4755)


@attempt("high", unreal="only root makes devices")
def makes_a_device(_places: Places) -> Loot:
    os.mknod("null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))


@attempt("high", unreal="it belongs to root")
def writes_a_program_of_the_system(_places: Places) -> Loot:
    Path("/usr/local/bin/git").write_text("#!/bin/sh\nevil\n")
    return True
