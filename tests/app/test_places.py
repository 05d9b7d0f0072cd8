from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.places import place

INSIDE = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", "127.0.0.1", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "127.0.0.1, 203.0.113.9, 10.7.7.7", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"),
        ("2001:db8::1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "127.0.0.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "localhost", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4000", "10.0.0.1"),
        ("", "127.0.0.1", ""),
    ],
)
def test_only_what_a_listed_proxy_wrote_is_believed(peer: str, forwarded: str, found: str) -> None:
    assert place(peer, forwarded, INSIDE) == found


@given(st.text(), st.text())
def test_any_header_can_be_read(peer: str, forwarded: str) -> None:
    assert place(peer, forwarded, INSIDE) == peer
    assert isinstance(place("10.0.0.1", forwarded, INSIDE), str)
