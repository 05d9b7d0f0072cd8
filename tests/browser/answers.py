"""Answers in Markdown: one with everything in it, one that means harm."""

import random
import string

LONG = (
    """\
# A plan

A paragraph with **strong**, *soft*, `code` and [a link](https://example.org/page). It is long enough to be
broken into several lines on every screen that people hold in their hands or put on their desks.

1. First, read what is there
2. Then change it
   - carefully
   - with `tests/test_everything.py::test_a_very_long_name_of_a_test_that_somebody_wrote_once`
3. Last, look at it

- [x] a thing that is done
- [ ] a thing that is not

```python
def greet(name: str) -> str:
    \"\"\"A line that is far too long for a phone, and has to be scrolled inside of its block.\"\"\"
    return f"Hello, {name}"
```

| File | Lines | Changed by | What it is for | Notes |
| --- | ---: | --- | --- | --- |
| `app/pages/chat.py` | 226 | somebody | the page itself | begins and shows a session |
| `app/components/transcript.py` | 117 | somebody else | rows of the transcript | drawn once |

> Quoted words, which somebody else has said before.

## Small print

"""
    + "Supercalifragilisticexpialidocious" * 8
    + "\n\nThe end."
)

NOISE = "".join(random.Random(1).choices(string.ascii_lowercase, k=1_000_000))  # noqa: S311  no secret
"""One long line that says nothing twice."""

HOSTILE = (
    """\
<script>alert(1); window.harmed = true</script>

<img src=x onerror="alert(2); window.harmed = true">

<svg onload="alert(3)"><a xlink:href="javascript:alert(4)"><text>x</text></a></svg>

<iframe src="https://evil.example/frame"></iframe>

<style>body { display: none }</style>

[run me](javascript:alert(5)) [and me](data:text/html,<script>alert(6)</script>) [vb](vbscript:x)
[safe](https://example.org/) <https://example.com/auto>

![remote](https://evil.example/pixel.png) ![inline](data:image/svg+xml,<svg/onload=alert(7)>)

| a | b |
| --- | --- |
"""
    + "| x | y |\n" * 400
    + "\n"
    + NOISE
    + "\n\nThe hostile end."
)

ANSWERS = {"show everything": LONG, "do harm": HOSTILE}
