"""A secret of the app is nowhere in what it runs: no environment, no arguments, no output, no file."""

from pathlib import Path

import pytest

from tests.escapes import apps
from tests.escapes.field import Field, beneath
from tests.escapes.trying import CONFINED

pytestmark = pytest.mark.unprivileged
LOOK = r"""
{ env; cat /proc/*/environ /proc/*/cmdline /proc/*/maps; ls -l /proc/self/fd
  for fd in 3 4 5 6 7 8 9; do cat <&$fd; done
  grep -rsa --exclude=found --exclude-dir=.venv . "$HOME" "$TMPDIR" /tmp /run /dev/shm /etc/hosts
} > found 2> /dev/null
echo begun > begun
sleep 0.3
cat found
"""


@pytest.mark.parametrize("backend", CONFINED)
def test_the_secret_is_in_nothing_that_runs(backend: str, field: Field) -> None:
    field.victim.kill()  # whose arguments Landlock shows, and which is not the app
    with apps.running(field, backend, LOOK) as app:
        assert field.secret.encode() in apps.environment(app.process.pid), "or the app does not have it"
        running = app.members().keys() - {app.process.pid}
        assert len(running) >= 3
        for pid in running:
            seen = apps.environment(pid) + apps.arguments(pid)
            assert field.secret.encode() not in seen, Path(f"/proc/{pid}/comm").read_text()
        assert app.process.stdout
        output = app.process.stdout.read()
    assert output.endswith(b"exit\n"), output
    assert field.secret.encode() not in output
    left = [path for path in beneath(field.workspace) if path.is_file()]
    assert field.workspace / "found" in left
    assert not [path for path in left if field.secret.encode() in path.read_bytes()]
