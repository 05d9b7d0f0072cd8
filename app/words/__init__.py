"""Every sentence a person reads, by code and key."""

from collections.abc import Mapping

from pydantic import JsonValue

from agent import config
from agent.core.errors import MaestroError
from agent.core.provider import ModelEntry
from agent.core.rules import Rule
from agent.sessions import Preview
from agent.tooling import InstructionFile, Job
from app.words.commanding import COMMANDING_ERRORS
from app.words.composing import COMPOSING_ERRORS
from app.words.credentials import CREDENTIAL_ERRORS
from app.words.drawer import DRAWER_ERRORS
from app.words.guests import GUEST_ERRORS, OF_GUESTS
from app.words.requests import REQUEST_ERRORS
from app.words.settings import TOOLS
from app.words.signing import LOGIN_ERRORS, PEOPLE_ERRORS

NAME = "Maestro"
UNNAMED = "New session"

PROVIDERS = {
    "gemini": "Gemini",
    "vertex": "Vertex AI",
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "openrouter": "OpenRouter",
    "mistral": "Mistral",
    "deepseek": "DeepSeek",
    "groq": "Groq",
    "ollama": "Ollama",
    "compatible": "The model server",
    "demo": "The demo model",
}

ERRORS = {
    **GUEST_ERRORS,
    **LOGIN_ERRORS,
    **PEOPLE_ERRORS,
    **REQUEST_ERRORS,
    "session": "There is no such session here.",
    "approval_closed": "This question has been answered already.",
    "checkpoint": "There is no such checkpoint here.",
    "sessions_at_once": "At most {most} sessions can be changed at once. Choose fewer.",
    "nothing_to_fork": "Nothing was asked in this session yet, so there is nothing to fork.",
    "turn": "There is no such turn here that has ended.",
    "prompt": "There is no such prompt here any more.",
    "prompt_started": "This prompt is no longer waiting.",
    "queue_full": "{most} prompts wait already. Let one begin, or drop one.",
    "turn_runs": "The session cannot go back while a turn runs or a prompt waits. Stop or drop it first.",
    "asleep": "Maestro is just starting or stopping, so nothing was begun. Try again in a moment.",
    "model_unknown": "{model} is no model id: it looks like openai:NAME, anthropic:NAME, gemini:NAME, "
    "compatible:NAME or demo:scripted.",
    "address_malformed": "{provider}’s address cannot be used: it names a server and a path, without a "
    "password, ? or #, and without /chat/completions. Try {meant}.",
    "model_without_images": "{model} takes no images, so nothing was sent. Pick a model that does, "
    "or send it without.",
    "model_without_pdf": "{model} reads no PDF, so nothing was sent. Pick a model that does, "
    "or send its text.",
    "tool": "There is no such tool here.",
    "tool_unknown": "There is no tool called {tool}.",
    "not_sandboxed": "{tool} runs no programs, so there is no sandbox to leave out.",
    "rule": "There is no such rule here.",
    "rule_commands": "{tool} runs no command lines, so a rule for it cannot name commands.",
    "rule_scope": "A rule holds in one session, or in one workspace by its whole path, or everywhere.",
    "rule_unreadable": "This rule holds something that cannot be written down, such as half a character.",
    "rule_too_long": "This rule is too long: at most {most} characters.",
    "rule_says_nothing": "A rule’s command or path is empty.",
    "rule_too_wide": "A rule that allows everything would be no rule. Name a tool, commands or files.",
    "rule_not_tried": "Try the rule first: then you see what it would have meant.",
    "rule_expiry": "A rule ends at a time to come, within a hundred years.",
    "rules_full": "{most} rules hold already. Remove one first.",
    "no_such_offer": "This question offers no such rule.",
    "job": "There is no such job here.",
    "jobs": "{most} jobs run already. Stop one first.",
    "replies_missing": "Reply to each question, or skip them all.",
    "fallbacks": "At most {most} models can stand in for one another.",
    "workspace_outside_roots": "This folder is not under one of the allowed workspace folders "
    "(MAESTRO_WORKSPACE_ROOTS).",
    "no_such_workspace": "There is no such folder.",
    "api_token": "There is no such token here.",
    "tokens_full": "You have {most} tokens already. Revoke one first.",
    "token_beyond": "A token can make no other that may do more than itself, or that lasts longer.",
    "device_code": "No program waits that shows this code. Look at it again: it has eight letters, and holds "
    "for ten minutes.",
    "device_closed": "This program waits no longer. Let it begin again, and type its new code.",
    "devices_full": "Too many programs wait to be let in. Try again in a few minutes.",
    "database": "The database does not answer, so nothing was saved. Is the disk full? "
    "Try again in a moment.",
    "database_in_use": "Another Maestro uses this database already: {file} is locked. Stop that one first.",
    "redis": "Redis does not answer ({reason}). Is REDIS_URL right, and does Redis run?",
    "event_damaged": "Event {seq} of this session cannot be read back from the database.",
    "not_signed_in": "You are not signed in. Open the page anew, or send a bearer token.",
    "bad_arguments": "That did not make sense to the server: {what}.",
    "empty_prompt": "Say what you want done.",
    "empty_line": "Type a command line after the !.",
    "turn_open": "A turn runs or a prompt waits, so no command line is run now. Stop it, or wait for it.",
    **COMPOSING_ERRORS,
    **COMMANDING_ERRORS,
    "openapi_service": "There is no such service here.",
    "services_full": "{most} services are connected already. Remove one first.",
    "service_exists": "There is a service called {name} already. Pick another name.",
    "service_source": "A service is added by the address of its description or by its text: by one of both.",
    "service_address": "{url} is no address of a description. It begins with https:// and names no user.",
    "service_unreachable": "The description at {url} could not be fetched: {reason}",
    "service_unreadable": "This description cannot be read: {what}.",
    "service_too_large": "This description is too large: at most {most}.",
    "service_server_missing": "The description does not say where the service is. Name its server, "
    "such as https://api.example.org.",
    "service_server": "{server} cannot be used as a server: an address with https://, without user, "
    "gaps and ?.",
    "service_variable": "{name} cannot be {value} in the server's address; known: {known}.",
    "service_scheme": "The service knows no credential called {name}; it knows {known}.",
    "service_credential": "The credential {name} cannot be sent: a token is one word of plain letters and "
    "signs, a password is written as user:password.",
    "service_not_private": "{server} is not private on the way, so no credential is sent there. Use https.",
    "internal": "Something broke on our side. The server's log has it under {reference}.",
    **CREDENTIAL_ERRORS,
    **DRAWER_ERRORS,
}

TURN_ERRORS = {
    "auth": "{provider} refused the key. Check it, or pick another model.",
    "quota": "{provider} says the quota or credit is used up. Pick another model, or raise it there.",
    "rate": "{provider} asks for a pause{wait}. Send again then, or pick another model.",
    "overloaded": "{provider} is overloaded or out of order. Send again in a moment, or pick another model.",
    "context": "This session has become too long for {model}. Start a new one, "
    "or pick a model that holds more.",
    "safety": "{provider} blocked this for safety. Say it differently, or pick another model.",
    "network": "{provider} could not be reached. Is its address right and the network up? Then send again.",
    "cut": "{provider} broke off in mid-answer. Send again to go on.",
    "bad_request": "{provider} did not accept the request: {message}",
    "restart": "The server stopped again and again during this turn, so it was given up. "
    "Check what was done, then send again to go on.",
    "resting": "{provider} failed again and again, so it is left alone for a moment{wait}. "
    "Send again then, or pick another model.",
}

TROUBLES = {
    "auth": "refused the key",
    "quota": "says that the quota or credit is used up",
    "rate": "asks for a pause",
    "overloaded": "is overloaded",
    "resting": "failed again and again",
    "context": "cannot read that much",
    "network": "could not be reached",
    "cut": "broke off",
    "key_missing": "has no key",
    "key_missing_here": "has no key",
    "bad_request": "did not accept the request",
    "safety": "blocked the request",
}
"""What is the matter with a provider, as half a sentence."""

NOTICES = {
    "cancelled": "Stopped.",
    "max_tokens": "The answer reached the model's length limit. Say “go on” to continue.",
    "max_steps": "The turn took 100 steps and was stopped. Say “go on” to continue.",
    "loop": "The agent repeated itself and was stopped. Say what it should do differently.",
    "looping": "The agent calls {tools} over and over; it was told so.",
    "refusal": "{model} declined to answer.",
    "model_switched": "From here on {after} answers.",
    "model_fell_back": "{provider} {trouble}, so {after} goes on with this turn.",
    "model_without_tools": "{model} calls no tools: it only talks.",
    "refused": "{model} declined: {category}. {why}",
    "retry": "{provider} {trouble} and was asked again.",
    "retrying": "{provider} {trouble}. It is asked again in {seconds} s ({tries} of {most}).",
    "restart": "The server was restarted; the turn goes on.",
    "taken_back": "A prompt was taken back here, with what came after it. Files stay as they are.",
    "went_back": "The session went back to a checkpoint. What came after it counts no more.",
    "not_there": "Not in the workspace, so not read: {paths}.",
    "storage_waiting": "The database does not answer; waiting for it. Nothing is lost yet.",
    "storage_failed": "The database does not answer, so the end of this turn could not be saved.",
}

REASONS = {
    "no_rule": "You have not allowed this yet.",
    "rule": "A rule says to ask.",
    "question": "The agent asks you.",
    "plan": "This is the agent’s plan. Nothing is changed until you agree.",
    "tainted": "This session has read words of strangers and things of yours, so it asks before anything "
    "leaves this machine.",
    "unparseable": "This line cannot be taken apart for certain, so no rule can speak for it.",
    "unconfined": "It would run outside of the sandbox, as you have set for this tool.",
}

VERBS = {
    "read_file": ("Read", "Reading"),
    "list_directory": ("Listed", "Listing"),
    "glob": ("Found files", "Finding files"),
    "grep": ("Searched", "Searching"),
    "write_file": ("Wrote", "Writing"),
    "edit": ("Edited", "Editing"),
    "read_many_files": ("Read files", "Reading files"),
    "web_fetch": ("Fetched", "Fetching"),
    "web_search": ("Searched the web", "Searching the web"),
    "find_operations": ("Looked for operations", "Looking for operations"),
    "read_operation": ("Asked a service", "Asking a service"),
    "call_operation": ("Called a service", "Calling a service"),
    "shell": ("Ran", "Running"),
    "shell_jobs": ("Looked after jobs", "Looking after jobs"),
    "todo": ("Kept the list", "Keeping the list"),
    "ask_user": ("Asked you", "Asking you"),
    "enter_plan_mode": ("Began to plan", "Beginning to plan"),
    "exit_plan_mode": ("Presented a plan", "Presenting a plan"),
}

ASKS = {
    "write_file": "Write a file",
    "edit": "Edit a file",
    "shell": "Run a command",
    "web_fetch": "Fetch from the web",
    "web_search": "Search the web",
    "read_operation": "Ask a service",
    "call_operation": "Call a service",
}

ASKS_BESIDE = "Run beside the work"

STATUS = {
    "waiting": "Waiting",
    "asking": "Needs your OK",
    "running": "Running",
    "ok": "Done",
    "failed": "Failed",
    "rejected": "Not allowed",
    "cancelled": "Stopped",
    "unknown": "Outcome unknown",
}

MODES = {"plan": "Plan", "ask": "Ask", "edit": "Edit", "auto": "Auto"}
MODE_HINTS = {
    "plan": "only reads, and presents a plan",
    "ask": "asks before it changes anything",
    "edit": "edits files without asking",
    "auto": "acts without asking, within the rules",
}

WELCOME = "What should be done?"
WELCOME_WHAT = (
    "Maestro works on files in a folder of its own, shows each step, and asks before it changes anything."
)

PROMPT_HINT = "Ask for work"
PROMPT_LABEL = (
    "Prompt. Enter sends, Shift+Enter breaks the line. "
    "While a turn runs, Enter queues and Control or Command with Enter steers."
)
MODEL = "Model"
MODE = "Mode"
PICK_A_MODEL = "Pick a model"
FALLBACKS = "If it does not answer, ask"
FALLBACKS_HINT = "openai:NAME, anthropic:NAME"
SOURCES = "Sources"
SEND = "Send"
QUEUE = "Queue"
QUEUE_MEANS = "Enter: when this turn is done. Ctrl+Enter, unless you changed it: with its next step."
STOP = "Stop"
CLOSE = "Close"
SESSIONS = "Sessions"
TRANSCRIPT = "Transcript"
YOU = "You"
WIDTH = {"sidebar": "Width of the list of sessions", "drawer": "Width of the panel"}
SHOW_EARLIER = "Show earlier"
WAITS = {"queued": "Waits for the running turn", "steering": "Goes in with the next step"}
WAITING_PROMPT = "Waiting prompt"
EDIT = "Edit"
EDIT_MEANS = "Edit this prompt"
EDIT_LABEL = "This prompt. Enter saves, Shift+Enter breaks the line, Escape cancels."
SAVE = "Save"
CANCEL = "Cancel"
STEER = "Steer"
STEER_MEANS = "Steer: tell it to the running turn with its next step"
DROP = "Drop"
DROP_MEANS = "Drop this prompt"
THOUGHT, THOUGHT_FOR = "Thought", "Thought for {duration}"
THINKING_ALOUD = "Thinking …"
ANSWERS = {
    "allow_once": "Allow once",
    "allow_always": "Always",
    "reject_once": "Deny",
    "reject_always": "Never",
}
PLAN_ANSWERS = {
    "allow_once": "Go ahead",
    "allow_always": "Go ahead, and edit without asking",
}
ALLOWED_ONCE = "Allowed once by {by}."
ALLOWED_ALWAYS = "Allowed by {by}, and for later calls: {reach}"
ALLOWED_BY_RULE = "A rule allowed it: {reach}"
KEEP_PLANNING = "Keep planning"
WHAT_ELSE = "What should be different?"
DONE_OF = "{done} of {all} done"
TODO = "To do"
INSTRUCTIONS = "Instructions"
QUESTION = "The agent asks"
PLAN = "The agent’s plan"
OWN_WORDS = "Something else"
REPLY = "Reply"
SKIP = "Skip"
ALWAYS = "“Always” and “never” hold"
SHAPE, SCOPE, LASTS = "What", "Where", "How long"
SHAPES = {
    "exact": "exactly this call",
    "command": "commands like this",
    "folder": "files in this folder",
    "tool": "every call of this tool",
}
SCOPES = {"session": "this session", "workspace": "this workspace", "person": "everywhere I work"}
LASTING = {"revoked": "until I take it back", "month": "for 30 days", "hour": "for an hour"}
NOW_PASSES = "This call would now pass: yes."
STILL_ASKS = "This call would now pass: no, it would still be asked about."
BACK_TEST = "Of the {questions} times you answered for this tool before, it would have allowed {passed}."
BACK_TEST_DENIED = "You denied {denied} of these."
NOTE = "A word to the agent, if you deny"
IN = "in"
WILL_RUN = "It would run"
OUTPUT = "Output"
JOBS = "Jobs"
STOP_JOB = "Stop job {number}"

IDLE = "Idle"
THINKING = "Thinking"
ANSWERING = "Answering"
NEEDS_YOU = "Needs you"
STOPPING = "Stopping …"
WAITING_FOR = "Waiting for {provider}"
RECONNECTING = "Reconnecting…"


def error_sentence(error: MaestroError) -> str:
    """What a person is told of an error.

    >>> from agent.core.errors import NotFound
    >>> error_sentence(NotFound("session"))
    'There is no such session here.'
    """
    sentence = _filled(ERRORS.get(error.code, ERRORS["internal"]), {"reference": error.code, **error.values})
    is_mended = error.code.startswith("guest") and config.settings().has_issuer
    return f"{sentence} {OF_GUESTS}" if is_mended else sentence


def notice_sentence(code: str, error: str, values: Mapping[str, JsonValue]) -> str:
    """What a person is told at the end of a turn that did not end well, or of something worth knowing.

    >>> notice_sentence("error", "rate", {"model": "openai:gpt", "retry_after": 22})
    'OpenAI asks for a pause of 22 s. Send again then, or pick another model.'
    """
    if code == "error":
        return _filled(TURN_ERRORS.get(error) or ERRORS.get(error) or ERRORS["internal"], values)
    if code == "retry" and "seconds" in values:
        code = "retrying"
    if code == "model_switched" and values.get("why") != "chosen":
        return _filled(NOTICES["model_fell_back"], {**values, "model": values.get("before")})
    return _filled(NOTICES.get(code, code), values)


def rule_reach(rule: Rule, *, is_elsewhere: bool = False) -> str:
    """Where a rule holds, and for what, as half a sentence.

    Args:
        rule: it.
        is_elsewhere: read where no session is open, so that "this" would mean nothing.

    >>> rule_reach(Rule(tool="shell", decision="allow", commands=("git commit",), session_id="s"))
    'in this session, for commands that begin with git commit.'
    >>> rule_reach(Rule(tool="edit", decision="deny", workspace="/garden"), is_elsewhere=True)
    'in /garden, for every call of “Edit a file”.'
    """
    tool = {**TOOLS, "*": "any tool", **ASKS}.get(rule.tool, rule.tool)
    session, workspace = (
        ("one session", rule.workspace) if is_elsewhere else ("this session", "this workspace")
    )
    where = f"in {session}" if rule.session_id else f"in {workspace}" if rule.workspace else "everywhere"
    until = f" until {rule.expires_at:%d %b %Y %H:%M} UTC" if rule.expires_at else ""
    if rule.arguments is not None:
        what = "exactly this call"
    elif rule.commands:
        what = f"commands that begin with {', '.join(rule.commands)}"
    elif rule.paths:
        what = f"“{tool}” on {', '.join(rule.paths)}"
    else:
        what = f"every call of “{tool}”"
    return f"{where}{until}, for {what}."


def allowed_sentence(by: str, rule: Rule | None) -> str:
    """Who or what let a call run; empty where the mode alone did.

    >>> allowed_sentence("Ada", None), allowed_sentence("", Rule(tool="shell", decision="allow"))
    ('Allowed once by Ada.', 'A rule allowed it: everywhere, for every call of “Run a command”.')
    """
    if rule is None:
        return ALLOWED_ONCE.format(by=by) if by else ""
    reach = rule_reach(rule)
    return ALLOWED_ALWAYS.format(by=by, reach=reach) if by else ALLOWED_BY_RULE.format(reach=reach)


def preview_sentences(preview: Preview) -> list[str]:
    """What a rule would mean now, and what it would have meant before."""
    past = preview.back_test
    sentences = [NOW_PASSES if preview.would_pass else STILL_ASKS]
    if past.questions:
        sentences.append(BACK_TEST.format(passed=past.passed, questions=past.questions))
    if past.denied:
        sentences.append(BACK_TEST_DENIED.format(denied=past.denied))
    return sentences


def job_state(job: Job) -> str:
    """How a job is, in a word or two."""
    if job.state == "running":
        return "running"
    if job.state == "lost":
        return "ended with the server"
    return f"ended with code {job.exit_code}" if job.reason == "exit" else f"ended ({job.reason})"


def model_note(model: ModelEntry, rests_for: int = 0) -> str:
    """What there is to know of a model, in a few words.

    >>> model_note(ModelEntry(id="a:b", name="b", context_window=1_000_000))
    '1M tokens'
    """
    if rests_for:
        return f"failed again and again; tried again in {rests_for} s"
    if model.stands_for:
        return f"now {model.stands_for.partition(':')[2]}"
    notes: list[str] = []
    if model.context_window:
        notes.append(f"{_round(model.context_window)} tokens")
    if model.abilities.tools is False:
        notes.append("no tools")
    if model.abilities.images is False:
        notes.append("no images")
    return " · ".join(notes)


def instruction_note(file: InstructionFile) -> str:
    """A file of instructions, its size, and what is wrong with it.

    >>> instruction_note(InstructionFile(path="AGENTS.md", size=2048, source="workspace"))
    'AGENTS.md · 2.0 kB'
    """
    size = f"{file.size / 1024:.1f} kB"
    return " · ".join(filter(None, [file.path, size, file.problem]))


def _round(number: int) -> str:
    """A number of tokens as people say it.

    >>> _round(1_048_576), _round(200_000), _round(512)
    ('1M', '200k', '512')
    """
    if number >= 1_000_000:  # noqa: PLR2004  a million
        return f"{number / 1_000_000:.1f}M".replace(".0M", "M")
    return f"{number // 1000}k" if number >= 1000 else str(number)  # noqa: PLR2004  a thousand


def run_state(tool: str) -> str:
    """The run state while a tool works.

    >>> run_state("grep")
    'Searching'
    """
    return VERBS.get(tool, ("", f"Running {tool}"))[1]


def _filled(sentence: str, values: Mapping[str, JsonValue]) -> str:
    known: dict[str, JsonValue] = {"model": "the model", "message": "", "reference": "?", "what": ""}
    known.update(values)
    provider = str(known.get("provider") or str(known["model"]).partition(":")[0])
    retry_after = known.get("retry_after")
    wait = f" of {retry_after:.0f} s" if isinstance(retry_after, int | float) else ""
    trouble = TROUBLES.get(str(known.get("kind") or known.get("why")), "did not answer")
    names = {**known, "provider": PROVIDERS.get(provider, provider), "wait": wait, "trouble": trouble}
    return sentence.format_map(_Blank(names))


class _Blank(dict[str, object]):
    """Leaves a gap where a value is missing: a sentence with a gap is better than none."""

    def __missing__(self, key: str) -> str:
        return "…"
