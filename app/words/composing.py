"""What the composer and the empty page say."""

COMPOSING_ERRORS = {
    "attachment": "This file is no longer there. Attach it again.",
    "attachment_empty": "{name} is empty.",
    "attachment_type": "{name} is neither an image (PNG, JPEG, GIF, WebP) nor a PDF nor text.",
    "attachment_image": "{name} is too large for a model: an image has at most {most}.",
    "attachment_text": "{name} is too long for a prompt: a text has at most {most}.",
    "attachments": "A prompt takes at most {most} files.",
    "attachments_together": "These files are too large together: at most {most} go with a prompt.",
    "draft_too_long": "A draft has at most {most} characters.",
}
ATTACH = "Attach files"
ATTACHMENTS = "Attached files"
REMOVE = "Remove {name}"
NOT_ATTACHED = "{name} was not attached: the server does not answer."
PASTED = "Pasted text {number}.txt"
TOO_HEAVY = "{name} is too large: at most 8 MB."
OF_WINDOW, TOKENS = "of", "tokens of the model’s window are used"
WITHOUT_IMAGES = "This model takes no images. Pick another, or remove the image."
WITHOUT_PDF = "This model reads no PDF. Pick another, or remove the file."

MODEL_SEARCH, USE_MODEL = "Look for a model, or type its id", "Use "
EDIT, EDIT_PROMPT = "Edit", "Edit this prompt and send it again"
COPY_PROMPT = "Copy this prompt"
EDITING = "You change an earlier prompt. Sent, it takes back what came after it; files stay as they are."
LEAVE = "Leave it"

DEMO = (
    "A scripted demo answers for now: no language model is behind it, but its tools are real. "
    "It needs no key."
)
ADD_A_KEY = "Add a key for a real model"
STARTERS = "To begin with"
RECENT = "Go on with"
OF_DEMO = (
    "look around",
    "write hello.txt with Good morning",
    "plan to write notes.md with First thoughts",
    "ask me something",
)
OF_NOTHING = (
    "Make a small web page about the night sky, in one file.",
    "Write a Python program that renames photos by their date, with tests.",
    "Compare three ways to keep notes in plain text. Look them up on the web.",
    "Ask me what I want to build, then make a plan.",
)
OF_README = "Read {name} and say what this project is, in five sentences."
OF_TESTS = "Run the tests, and mend what fails."
OF_GIT = "What changed lately? Look at git’s log, and sum it up."
OF_CODE = "Find the part of this code that most needs care, and say why."
OF_WORDS = "Look through these files, and say what is here."
