"""Signing in at a provider that offers it to programs of others: a token instead of a pasted key."""

from agent.providers._sign_in.code import Begun, begin, finish
from agent.providers._sign_in.device import DeviceBegun, begin_device, poll
from agent.providers._sign_in.ways import WAYS, Way, way

__all__ = ["WAYS", "Begun", "DeviceBegun", "Way", "begin", "begin_device", "finish", "poll", "way"]
