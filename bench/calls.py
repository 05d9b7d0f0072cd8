"""What the mock provider asks tools for: a file is written, changed, read and searched."""

LINES = 40


def arguments(tool, tag):
    """The arguments of a call in the turn of this tag."""
    path = f"notes/{tag}.py"
    lines = [f"value_{number} = sorted([{number}, len('{tag}')])\n" for number in range(LINES)]
    old = "".join(lines[10:20])
    known = {
        "write_file": {"path": path, "content": "".join(lines)},
        "edit": {"path": path, "old_string": old, "new_string": old.replace("value", "worth")},
        "read_file": {"path": path},
        "grep": {"pattern": "worth_1"},
    }
    return known.get(tool, {"query": "amber"})
