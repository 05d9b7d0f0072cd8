from agent.tooling.openapi.description import Operation


def test_what_changes_nothing_reads() -> None:
    methods = ("get", "head", "post", "put", "patch", "delete", "options")
    assert [method for method in methods if Operation(name="a", method=method, path="/").reads] == [
        "get",
        "head",
    ]
