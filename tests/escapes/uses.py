"""What a command must be able to do: beside each refusal, its legitimate neighbour."""

import shutil
from dataclasses import dataclass

from tests.escapes.attempts import LANDLOCK

NO_SERVERS = LANDLOCK
"""It has no sockets, and so no server of its own."""


@dataclass(frozen=True)
class Use:
    """A shell line, and what it must say at last."""

    line: str
    says: str
    limited: str = ""
    """The backend in which it is known not to work."""
    needs: str = ""
    """A program it uses that a machine may lack."""

    @property
    def is_at_hand(self) -> bool:
        return not self.needs or shutil.which(self.needs, path="/usr/local/bin:/usr/bin:/bin") is not None


PYTHON = "python3 -I -c"
POOL = "from multiprocessing import Pool; print(sum(Pool(2).map(abs, [-1, -2])))"
LOCK = "import multiprocessing as m; l = m.Lock(); l.acquire(); print('locked')"
SERVER = """
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b"served")).start()
print(socket.create_connection(server.getsockname()).recv(9).decode())
"""
PATHS = """
import socket, threading
server = socket.socket(socket.AF_UNIX)
server.bind("s")
server.listen()
threading.Thread(target=lambda: server.accept()[0].sendall(b"served")).start()
client = socket.socket(socket.AF_UNIX)
client.connect("s")
print(client.recv(9).decode())
"""
PAIR = "import socket; a, b = socket.socketpair(); a.send(b'pair'); print(b.recv(9).decode())"
THREADS = """
import threading
threads = [threading.Thread(target=print) for _ in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(threads))
"""
MAPPED = "import mmap; m = mmap.mmap(-1, 1 << 20); m.write(b'mapped'); print(m[:6].decode())"
LOOP = "import asyncio; print(asyncio.run(asyncio.sleep(0, 'slept')))"
STARTS = "import subprocess as s; print(s.check_output(['sh', '-c', 'echo child']).decode().strip())"
MEMORY = "print(len(bytearray(100 << 20)) >> 20)"
LIMITS = (
    "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (64, 64)); print(r.getrlimit(r.RLIMIT_NOFILE)[0])"
)
NICER = "import os; print(os.nice(3) - os.nice(0))"
CHANGE, NAMED = "echo more > new && git add new", "git -c user.name=A -c user.email=a@example.org"
MAIN = "int main(void) { return 42; }"

USES = {
    # files
    "writes_in_the_workspace": Use("echo here > new && cat new", "here"),
    "makes_folders_and_moves_them": Use("mkdir -p a/b && mv a c && ls c", "b"),
    "links_in_the_workspace": Use("ln -s README.md link && ln README.md same && cat link same | wc -l", "2"),
    "makes_a_file_executable": Use("printf '#!/bin/sh\\necho ran' > run && chmod +x run && ./run", "ran"),
    "makes_a_file_private": Use("touch f && chmod 600 f && stat -c %a f", "600"),
    "sets_the_time_of_a_file": Use("touch -d @86400 f && stat -c %Y f", "86400"),
    "sets_the_group_bit_of_a_folder": Use("mkdir d && chmod g+w d && stat -c %a d", "720"),
    "edits_in_place": Use("sed -i s/workspace/place/ README.md && cat README.md", "A place."),
    "writes_a_larger_file": Use("head -c 20000000 /dev/zero > f && stat -c %s f", "20000000"),
    "names_files_as_it_likes": Use("echo x > '-ü \"$(id)\" *' && ls | grep -c ü", "1"),
    "reads_protected_files": Use("cat .agent/rules.md .env", "DEBUG=1"),
    "writes_beside_protected_files": Use(
        "mkdir -p docs/.agent && touch docs/.agent/x && ls docs/.agent", "x"
    ),
    "packs_and_unpacks": Use("tar cf a.tar README.md && mkdir o && tar xf a.tar -C o && ls o", "README.md"),
    "copies_with_modes": Use("cp -a README.md copy && cmp README.md copy && echo same", "same"),
    "uses_a_named_pipe": Use("mkfifo p; echo through > p & cat p", "through"),
    "has_a_temporary_folder": Use("f=$(mktemp) && echo kept > $f && cat $f && rm $f", "kept"),
    "has_a_home": Use('echo kept > "$HOME/f" && cat ~/f', "kept"),
    "uses_the_usual_devices": Use("head -c 3 /dev/zero > /dev/null && head -c 8 /dev/urandom | wc -c", "8"),
    "knows_the_user_it_is": Use('id -un >/dev/null 2>&1; test -d "$HOME" && echo home', "home"),
    "trusts_the_usual_certificates": Use(
        "ls /etc/ssl/certs | head -c 1 | wc -c", "1", needs="update-ca-certificates"
    ),
    # processes
    "pipes": Use("printf 'b\\na\\n' | sort | head -1", "a"),
    "reads_a_here_document": Use("cat <<END\nhere\nEND", "here"),
    "substitutes": Use('echo "$(echo inner) $((6 * 7))"', "inner 42"),
    "runs_jobs_beside_each_other": Use(
        "for i in 1 2 3; do (sleep 0.05; echo $i > f$i) & done; wait; cat f?", "3"
    ),
    "ends_its_own_children": Use("sleep 9 & kill $!; wait $!; echo $?", "143"),
    "catches_signals": Use("trap 'echo caught' TERM; kill $$; true", "caught"),
    "limits_a_program_of_its_own": Use("timeout 0.1 sleep 9; echo $?", "124"),
    "starts_many_at_once": Use("seq 20 | xargs -P 8 -n 1 echo | sort -n | tail -1", "20"),
    "sees_its_own_processes": Use("tr '\\0' ' ' < /proc/self/cmdline | cut -c1-2", "tr"),
    "sees_the_processors": Use("test $(nproc) -ge 1 && echo some", "some"),
    "fails_with_its_own_code": Use("(exit 7); echo $?", "7"),
    "knows_the_time": Use("date -u +%Y | cut -c1-2", "20"),
    "speaks_the_usual_language": Use("printf 'ü' | wc -m", "1"),
    "goes_after_others": Use(f'{PYTHON} "{NICER}"', "0"),
    "limits_itself": Use(f'{PYTHON} "{LIMITS}"', "64"),
    # programs
    "starts_programs_from_python": Use(f'{PYTHON} "{STARTS}"', "child"),
    "uses_threads": Use(f'{PYTHON} "{THREADS}"', "20"),
    "maps_memory": Use(f'{PYTHON} "{MAPPED}"', "mapped"),
    "takes_some_memory": Use(f'{PYTHON} "{MEMORY}"', "100"),
    "runs_an_event_loop": Use(f'{PYTHON} "{LOOP}"', "slept"),
    "uses_a_pair_of_sockets": Use(f'{PYTHON} "{PAIR}"', "pair"),
    "uses_a_pool_of_processes": Use(f'{PYTHON} "{POOL}"', "3", limited=LANDLOCK),
    "uses_a_lock_between_processes": Use(f'{PYTHON} "{LOCK}"', "locked", limited=LANDLOCK),
    "serves_itself": Use(f"{PYTHON} '{SERVER}'", "served", limited=NO_SERVERS),
    "serves_itself_by_a_path": Use(f"{PYTHON} '{PATHS}'", "served", limited=NO_SERVERS),
    "runs_node": Use("node -e 'console.log(6 * 7)'", "42", needs="node"),
    "starts_programs_from_node": Use(
        """node -e 'console.log(require("child_process").execSync("echo child").toString().trim())'""",
        "child",
        needs="node",
    ),
    "compiles": Use(f"echo '{MAIN}' > m.c && gcc -o m m.c && ./m; echo $?", "42", needs="gcc"),
    "makes": Use("printf 'all:\\n\\t@echo made\\n' > Makefile && make -s", "made", needs="make"),
    # git
    "sees_what_changed": Use("echo more >> README.md && git status --short README.md", "M README.md"),
    "reads_the_history": Use("git log --format=%s", "First"),
    "commits": Use(f"{CHANGE} && {NAMED} commit -qm Second && git log -1 --format=%s", "Second"),
    "makes_a_branch": Use("git switch -qc other && git branch --show-current", "other"),
    "stashes": Use(f"echo more >> README.md && {NAMED} stash -q && git stash list | wc -l", "1"),
    "makes_another_repository": Use(
        "git init -q inner && git -C inner rev-parse --is-inside-work-tree", "true"
    ),
}
