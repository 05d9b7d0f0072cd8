"""What is traced for coverage: our code, where it runs in this process and for the first few times."""

import functools
import importlib
import pkgutil
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
EVERY_CASE = "tests/agent/store/"
"""Tests whose cases differ in the code that runs; of others the first case alone is traced."""
OFTEN = 10
"""Examples of a property after which the rest, and what makes them, go untraced."""
LONG = 1.0
"""Seconds of work after which the rest of a test goes untraced: it does the same again."""

FIRST = pytest.StashKey[bool]()
"""Whether an item is the first case of its test, in every worker the same."""

Hook = Generator[None, Any, Any]


class _Pools:
    """What the threads that pools keep from test to test shall do."""

    def __init__(self) -> None:
        self.tracer: Callable[[], object] | None = None
        """Makes a thread a traced one; None where it shall be untraced."""


_pools = _Pools()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Hook:
    """Trace the import of our own modules, and not that of the tests and of all libraries."""
    if _tracing(session):
        for module in pkgutil.walk_packages(agent.__path__, "agent."):
            importlib.import_module(module.name)
        ThreadPoolExecutor.submit = _submitted
    with _untraced(session):
        collected = yield
    seen: set[str] = set()
    for item in session.items:
        test = item.nodeid if item.nodeid.startswith(EVERY_CASE) else item.nodeid.partition("[")[0]
        item.stash[FIRST] = test not in seen
        seen.add(test)
    return collected


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Hook:
    """Trace the beginning of each test, but of none that does not run our code itself."""
    is_told = item.stash[FIRST] and not item.nodeid.startswith(ELSEWHERE)
    with _traced_for_a_while(item) if is_told else _untraced(item):
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
    """Trace nothing in the meantime."""
    collector = _tracing(node)
    if collector:
        _stop()
    try:
        yield
    finally:
        if collector:
            _go_on(collector)


@contextmanager
def _traced_for_a_while(item: pytest.Item) -> Iterator[None]:
    """Trace until so much work is done; the time of programs that a test starts does not count."""
    collector = _tracing(item)
    if not collector:
        yield
        return
    before = signal.signal(signal.SIGVTALRM, lambda *_: _stop())
    signal.setitimer(signal.ITIMER_VIRTUAL, LONG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if sys.gettrace() is None:
            _go_on(collector)


def _stop() -> None:
    """Trace neither this thread nor one that begins now, nor what a pool does from here on."""
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    _pools.tracer = None


def _go_on(collector: Any) -> None:
    """Trace again."""
    _pools.tracer = collector._start_tracer
    threading.settrace(collector._installation_trace)
    collector._start_tracer()  # a new one: the old one would count frames that have ended meanwhile


_submit = ThreadPoolExecutor.submit


def _submitted(
    self: ThreadPoolExecutor, work: Callable[..., Any], /, *given: Any, **named: Any
) -> Future[Any]:
    """Do work in a thread that is traced now, or is not, as this test is."""
    return _submit(self, _pooled, work, *given, **named)


def _pooled(work: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
    is_traced = sys.gettrace() is not None
    if is_traced and not _pools.tracer:
        sys.settrace(None)
    elif _pools.tracer and not is_traced:
        _pools.tracer()
    return work(*given, **named)


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
