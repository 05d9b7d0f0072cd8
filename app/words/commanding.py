"""What is said of the commands of the composer, which begin with a slash."""

WHAT = {
    "help": "List the commands",
    "model": "Let another model answer",
    "mode": "Change how much is asked",
    "clear": "Begin a new session; this one stays",
    "export": "Take this session away as a file",
    "stop": "Stop the running turn",
    "rename": "Give this session a name",
    "fork": "Go on in a copy of this session, with an empty workspace",
}
TAKES = {"model": "MODEL", "mode": "MODE", "export": "FORM", "rename": "NAME"}
FORMS = {"markdown": "to read", "json": "all that happened"}
COMMANDING_ERRORS = {
    "command_unknown": "There is no command /{name}. Type / for those there are, or // to send a text that "
    "begins with a slash.",
    "command_argument": "Say which: /{name} {takes}.",
    "command_alone": "/{name} stands alone. To send a text that begins with a slash, begin it with //.",
    "command_value": "/{name} takes one of {known}.",
    "command_too_early": "Nothing was asked in this session yet, so there is nothing to do for /{name}.",
    "line_too_long": "A command line has at most {most} characters.",
    "nothing_runs": "Nothing runs here.",
}
COMMANDS = "Commands"
SUGGESTIONS = "Suggestions"
HOW = "Type / at the beginning of a prompt."
SIGNS = {
    "@": "A file of the workspace; what is in it goes along",
    "!": "A command line, run as the agent would run it; the agent reads of it with your next prompt",
    "// !!": "A text that begins with / or !, sent as it is",
}
ALL_SHORTCUTS = "All shortcuts"
