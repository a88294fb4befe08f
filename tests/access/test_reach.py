import socket

import pytest

from access.errors import NotWithoutKeys
from access.reach import check_reach, is_reached_by_others


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "*", "0", "203.0.113.1", "::ffff:203.0.113.1"])  # noqa: S104
def test_an_address_that_others_reach_takes_keys_or_a_word(host: str) -> None:
    with pytest.raises(NotWithoutKeys, match=r"expected ASSAY_KEYS_FILE, .* or ASSAY_WITHOUT_KEYS=true where"):
        check_reach(host, has_keys=False, without_keys=False, variable="ASSAY_WITHOUT_KEYS")
    check_reach(host, has_keys=True, without_keys=False, variable="ASSAY_WITHOUT_KEYS")
    check_reach(host, has_keys=False, without_keys=True, variable="ASSAY_WITHOUT_KEYS")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1", "127.200.3.4"])
def test_a_loopback_address_takes_none(host: str) -> None:
    check_reach(host, has_keys=False, without_keys=False, variable="ASSAY_WITHOUT_KEYS")


@pytest.mark.parametrize("host", ["", "*", "0", "localhost", "127.1", "no.such.invalid", "a" * 300])
def test_nothing_is_taken_for_loopback_that_a_listener_binds_elsewhere(host: str) -> None:
    try:
        found = socket.getaddrinfo(host, 8000, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return
    assert is_reached_by_others(host) is not all(str(one[4][0]).startswith(("127.", "::1")) for one in found)
