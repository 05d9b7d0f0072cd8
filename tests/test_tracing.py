"""What is untraced was traced before, and is traced again."""

import sys

from tests.tracing import OFTEN, _traced_at_first


def test_a_property_is_traced_at_first() -> None:
    before, traced = sys.gettrace(), list[bool]()
    example = _traced_at_first(lambda: traced.append(sys.gettrace() is not None))
    sys.settrace(before or (lambda *_: None))
    try:
        for _ in range(OFTEN + 5):
            example()
    finally:
        sys.settrace(before)
    assert traced == [True] * OFTEN + [False] * 5
