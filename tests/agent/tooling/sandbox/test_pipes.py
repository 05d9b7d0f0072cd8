"""Pipes that make nobody wait but who asks."""

import asyncio
import os

import pytest

from agent.tooling.sandbox.pipes import Incoming, Outgoing, readable


async def test_what_is_written_is_read_until_the_end() -> None:
    reading, writing = os.pipe()
    pipe = Incoming(reading)
    assert pipe.taken() is None
    waiting = asyncio.create_task(pipe.read())
    await asyncio.sleep(0)
    os.write(writing, b"hello")
    assert await waiting == b"hello"
    os.close(writing)
    assert await pipe.read() == b""
    pipe.close()
    assert pipe.taken() == b""


async def test_who_waits_is_told_when_a_pipe_is_closed() -> None:
    reading, writing = os.pipe()
    pipe = Incoming(reading)
    waiting = asyncio.create_task(pipe.read())
    await asyncio.sleep(0)
    pipe.close()
    async with asyncio.timeout(5):
        assert await waiting == b""
    os.close(writing)


async def test_one_of_several_pipes_is_enough() -> None:
    (one, first), (other, second) = os.pipe(), os.pipe()
    pipes = Incoming(one), Incoming(other)
    os.write(second, b"x")
    async with asyncio.timeout(5):
        await readable(pipes)
    assert (pipes[0].taken(), pipes[1].taken()) == (None, b"x")
    for pipe in pipes:
        pipe.close()
    os.close(first)
    os.close(second)


async def test_more_than_a_pipe_holds_is_written_as_it_is_read() -> None:
    reading, writing = os.pipe()
    source, target = Incoming(reading), Outgoing(writing)
    content = os.urandom(1 << 20)
    work = asyncio.create_task(target.write(content))
    read = b""
    while len(read) < len(content):
        read += await source.read()
    await work
    assert read == content
    source.close()
    target.close()


async def test_who_writes_to_a_closed_pipe_is_told() -> None:
    reading, writing = os.pipe()
    target = Outgoing(writing)
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        await target.write(b"x")
    target.close()
    target.close()
    with pytest.raises(BrokenPipeError):
        await target.write(b"x")
