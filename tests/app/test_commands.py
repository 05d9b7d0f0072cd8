"""A server whose agent runs commands: heard live, confined, gone with the server, and told no secret."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.app.api.streams import Sent, following, is_, turn, until
from tests.app.serving import Server, serving, started

pytestmark = [pytest.mark.unprivileged, pytest.mark.timeout(90)]

CANARY = "sk-canary-4b1d5c0ffee"
LOOK_EVERYWHERE = (
    "env; set; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; "
    "grep -rs canary / --include='*' -d skip -D skip 2>/dev/null | head; "
    "find / -xdev -name 'api-t*' -o -xdev -name 'app.d*' 2>/dev/null"
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    settings = {
        "MAESTRO_DEFAULT_MODEL": "demo:scripted",
        "ANTHROPIC_API_KEY": CANARY,
        "MAESTRO_SECRET_KEY": f"{CANARY}-Wq8rT2nZx6LmB4",
    }
    with serving(tmp_path / "data", **settings) as server:
        yield server


@pytest.fixture
def api(running: Server) -> Iterator[httpx2.Client]:
    with running.client() as client:
        yield client


@pytest.fixture
def session(api: httpx2.Client) -> str:
    return str(api.post("sessions", json={"mode": "auto"}).json()["id"])


def result_of(events: list[Sent]) -> dict[str, str]:
    return [event for event in events if event.event == "ToolCallFinished"][-1].data["result"]


def left_of(session: str) -> list[psutil.Process]:
    """The programs that bear a session's mark, and those that begin or watch them."""
    found: list[psutil.Process] = []
    for program in psutil.process_iter():
        try:
            words = " ".join(program.cmdline())
            if program.environ().get("MAESTRO_SESSION") == session or session in words:
                found.append(program)
        except psutil.Error:
            continue
    return found


def test_the_output_is_heard_while_it_runs_and_then_stored(api: httpx2.Client, session: str) -> None:
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    with following(api, session) as events:
        command = "run echo first; while [ ! -e go ]; do sleep 0.05; done; echo second"
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": command})
        heard = until(events, lambda event: event.event == "Delta" and event.data["kind"] == "output")[
            -1
        ].data
        assert heard["text"] == "first\n"
        with following(api, session) as late:
            said = until(late, is_("Snapshot"))[-1].data["said"]
            assert said == [{"kind": "output", "text": "first\n", "call_id": heard["call_id"]}]
        (workspace / "go").touch()
        happened = until(events, is_("TurnFinished"))
    assert result_of(happened)["text"] == "first\nsecond"
    models = [event.data for event in happened if event.event == "Delta" and event.data["kind"] == "text"]
    assert {delta["step"] for delta in models} == {heard["step"]}
    assert all(delta["attempt"] > heard["attempt"] for delta in models), "what a call wrote gives way"


def test_a_stop_ends_the_whole_tree_within_a_second(api: httpx2.Client, session: str) -> None:
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    with following(api, session) as events:
        command = "run (setsid sh -c 'while :; do date +%N > beat; sleep 0.02; done' &) ; sleep 60"
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": command})
        until(events, is_("ToolCallStarted"))
        while not (workspace / "beat").exists():
            time.sleep(0.02)
        began = time.monotonic()
        api.post(f"sessions/{session}/commands", json={"type": "interrupt"})
        result = until(events, is_("ToolCallFinished"))[-1].data["result"]
        assert time.monotonic() - began < 1
        until(events, is_("TurnFinished"))
    assert result["outcome"] == "cancelled"
    last = (workspace / "beat").read_text()
    time.sleep(0.2)
    assert (workspace / "beat").read_text() == last


def test_a_killed_server_leaves_no_program(running: Server, api: httpx2.Client, session: str) -> None:
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    turn(api, session, "start (setsid sleep 300 &); sleep 300")
    with following(api, session) as events:
        command = "run touch began; (setsid sleep 300 &); sleep 300"
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": command})
        until(events, lambda event: event.event == "ToolCallStarted" and "began" in str(event.data))
        while not (workspace / "began").exists():
            time.sleep(0.02)
    offspring = psutil.Process(running.running.pid).children(recursive=True)
    assert len(offspring) >= 6
    running.running.kill()
    running.running.wait()
    gone, alive = psutil.wait_procs(offspring, timeout=2)
    assert not alive
    assert len(gone) == len(offspring)
    assert left_of(session) == []


def test_no_secret_of_the_server_reaches_a_command(running: Server, api: httpx2.Client, session: str) -> None:
    told = result_of(turn(api, session, f"run {LOOK_EVERYWHERE}"))["text"]
    assert "MAESTRO_SESSION" in told
    for secret in (CANARY, running.token, "/api-token", "/app.db"):
        assert secret not in told
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    for file in workspace.rglob("*"):
        assert not file.is_file() or CANARY not in file.read_text(errors="replace")
    assert CANARY not in running.log.read_text()
    for program in psutil.process_iter():
        try:
            assert CANARY not in " ".join(program.cmdline())
        except psutil.Error:
            continue


def test_outside_of_the_sandbox_no_secret_is_handed_over_either(
    running: Server, api: httpx2.Client, session: str
) -> None:
    assert api.put("permissions/shell", json={"sandbox_bypassed": True}).status_code == 200
    api.post("rules", json={"tool": "shell", "decision": "allow"})
    command = f"run env; cat /proc/{running.running.pid}/environ"
    told = result_of(turn(api, session, command))["text"]
    assert "Permission denied" in told
    assert "MAESTRO_SESSION" in told
    assert CANARY not in told
    entries = api.get("audit").json()["entries"]
    assert "sandbox_bypassed" in {entry["action"] for entry in entries}


def test_jobs_are_listed_and_stopped(api: httpx2.Client, session: str) -> None:
    turn(api, session, "start echo up; sleep 300")
    [job] = api.get(f"sessions/{session}/jobs").json()
    assert (job["number"], job["state"], job["command"]) == (1, "running", "echo up; sleep 300")
    assert api.delete(f"sessions/{session}/jobs/1").status_code == 202
    began = time.monotonic()
    while api.get(f"sessions/{session}/jobs").json()[0]["state"] == "running":
        assert time.monotonic() - began < 2
        time.sleep(0.02)
    assert api.delete(f"sessions/{session}/jobs/7").json()["code"] == "job"


def test_the_sandbox_and_the_log_are_told_by_the_command(running: Server) -> None:
    with started(running.data, ("doctor",)) as doctor:
        assert doctor.stdout
        assert "bubblewrap" in doctor.stdout.read()


def test_a_persons_own_line_goes_through_the_agents_door(api: httpx2.Client, session: str) -> None:
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    with following(api, session) as events:
        line = "echo first; while [ ! -e go ]; do sleep 0.05; done; echo second"
        api.post(f"sessions/{session}/commands", json={"type": "shell", "line": line}).raise_for_status()
        heard = until(events, lambda event: event.event == "Delta" and event.data["kind"] == "output")[-1]
        assert heard.data["text"] == "first\n"
        late = api.post(f"sessions/{session}/commands", json={"type": "shell", "line": "date"})
        assert late.json()["code"] == "turn_open"
        (workspace / "go").touch()
        happened = until(events, is_("TurnFinished"))
    assert result_of(happened)["text"] == "first\nsecond"
    [row] = api.get(f"sessions/{session}").json()["rows"]
    assert (row["kind"], row["is_own"], row["status"]) == ("tool", True, "ok")
    told = turn(api, session, "count to 2")
    assert told[-1].data["reason"] == "end_turn"
    actions = [entry["action"] for entry in api.get("audit").json()["entries"]]
    assert "call_allowed" in actions


def test_a_persons_own_line_is_asked_about_and_denied_like_the_agents(api: httpx2.Client) -> None:
    session = str(api.post("sessions", json={"mode": "ask"}).json()["id"])
    with following(api, session) as events:
        api.post(f"sessions/{session}/commands", json={"type": "shell", "line": "touch made"})
        asked = until(events, is_("ApprovalRequested"))[-1].data
        answer = {"type": "answer", "approval_id": asked["approval_id"], "answer": "reject_once"}
        api.post(f"sessions/{session}/commands", json=answer).raise_for_status()
        happened = until(events, is_("TurnFinished"))
    assert result_of(happened)["outcome"] == "rejected"
    api.post("rules", json={"tool": "shell", "decision": "deny", "commands": ["touch"]}).raise_for_status()
    with following(api, session) as events:
        api.post(f"sessions/{session}/commands", json={"type": "shell", "line": "touch made"})
        until(events, is_("TurnFinished"))
        happened = until(events, is_("TurnFinished"))
    assert result_of(happened)["outcome"] == "rejected"
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    assert list(workspace.iterdir()) == []
