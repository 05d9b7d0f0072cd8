"""A canned conversation: the same text for every system under test."""

WORDS = (
    "amber beacon cobalt delta ember falcon garnet harbor indigo "
    "jasper karma lantern meadow nectar opal pebble ripple saffron"
).split()


def answer(k, tag="hh", n=90):
    """Markdown of n tokens, each with its marker."""
    out, i = [], 0

    def t(pre="", post=" "):
        nonlocal i
        out.append(f"{pre}{WORDS[(i * 7 + k) % len(WORDS)]}q{i}x{tag}z{post}")
        i += 1

    t("### ")
    t()
    for j in range(40):
        t("\n\n" if j == 0 else ("**" if j == 9 else ""), "** " if j == 9 else " ")
    for j in range(3):
        t("\n\n- " if j == 0 else "\n- ")
        t()
        t()
        t()
    t("\n\n```python\n", " = ")
    t("", "\n")
    t("print(", ")\n")
    t("", "\n```\n")
    t("\n| ")
    t("| ", " |\n|---|---|\n")
    for _ in range(3):
        t("| ")
        t("| ", " |\n")
    while i < n:
        t("\n" if i % 30 == 0 else "")
    return "".join(out)


def history(n):
    """N messages, alternating; the last assistant answer ends with marker tag `hend`."""
    out = []
    for k in range(n):
        if k % 2 == 0:
            question = f"Question number {k}: please explain step {k} in detail."
            out.append({"role": "user", "content": question})
        else:
            out.append({"role": "assistant", "content": answer(k, "hend" if k >= n - 2 else "hh")})
    return out
