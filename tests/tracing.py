"""What is traced for coverage: our code, where it runs in this process and for the first few times."""

import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import agent

ELSEWHERE = (
    "tests/app/api/",
    "tests/browser/",
    "tests/durable/",
    "tests/isolation/",
    "tests/peers/",
    "tests/test_house.py",
)
"""Tests whose subject runs in programs of its own, or is only read: to trace them tells nothing."""
OFTEN = 10
"""Examples of a property after which the rest, and what makes them, go untraced."""

Hook = Generator[None, Any, Any]


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Hook:
    """Trace the import of our own modules, and not that of the tests and of all libraries."""
    if _tracing(session):
        for module in pkgutil.walk_packages(agent.__path__, "agent."):
            importlib.import_module(module.name)
    with _untraced(session):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Hook:
    """Trace no test that does not run our code itself."""
    if not item.nodeid.startswith(ELSEWHERE):
        return (yield)
    with _untraced(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Hook:
    """Trace the first examples of a property."""
    given = getattr(pyfuncitem.obj, "hypothesis", None)
    collector = _tracing(pyfuncitem)
    if not given or not collector:
        return (yield)
    test = given.inner_test
    given.inner_test = _traced_at_first(test)
    try:
        return (yield)
    finally:
        given.inner_test = test
        if sys.gettrace() is None:
            collector._start_tracer()


def _tracing(node: pytest.Item | pytest.Session) -> Any:
    """What collects coverage; None when this thread is not traced."""
    plugin = node.config.pluginmanager.getplugin("_cov")
    measuring = plugin and plugin.cov_controller
    return measuring.cov._collector if measuring and measuring.started and sys.gettrace() else None


@contextmanager
def _untraced(node: pytest.Item | pytest.Session) -> Iterator[None]:
    """Trace other threads alone: they may outlive a test, and could not be traced again."""
    collector = _tracing(node)
    if collector:
        sys.settrace(None)
    try:
        yield
    finally:
        if collector:
            collector._start_tracer()  # a new one: the old one would count frames that have ended meanwhile


def _traced_at_first(test: Callable[..., Any]) -> Callable[..., Any]:
    examples = 0

    @functools.wraps(test)
    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal examples
        examples += 1
        if examples > OFTEN:
            sys.settrace(None)
        return test(*arguments, **named)

    return counted
