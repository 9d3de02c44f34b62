"""The verdict on drivers is a node in the store."""

from __future__ import annotations

import pytest

from emu.core.errors import ConfigError
from emu.xen.blacklist import NAMES_OF_THE_MAIL, REGISTERED_NAMES, Blacklist
from emu.xen.profiles import QEMU, SEED
from emu.xen.xenstore.store import Grant, Right, Store


def test_a_build_is_blacklisted_if_its_node_exists() -> None:
    store = Store()
    blacklist = Blacklist(store, NAMES_OF_THE_MAIL)
    assert not blacklist.is_blacklisted(1, 42)
    store.write("/mh/driver-blacklist/xensource-windows/42", "")
    assert blacklist.is_blacklisted(1, 42)
    assert not blacklist.is_blacklisted(1, 43)


def test_the_build_is_printed_as_a_signed_decimal() -> None:
    store = Store()
    Blacklist(store, NAMES_OF_THE_MAIL).add(1, 0xFFFF_FFFF)
    assert store.directory("/mh/driver-blacklist/xensource-windows") == ["-1"]


def test_a_node_that_the_device_model_cannot_read_does_not_count() -> None:
    store = Store()
    blacklist = Blacklist(store, NAMES_OF_THE_MAIL, reader=9)
    blacklist.add(1, 42)
    assert not blacklist.is_blacklisted(1, 42)
    store.set_permissions(
        "/mh/driver-blacklist/xensource-windows/42", Grant(0, Right.NONE), Grant(9, Right.READ)
    )
    assert blacklist.is_blacklisted(1, 42)


def test_the_mail_knows_product_1_alone() -> None:
    assert SEED.products == {1: "xensource-windows"}
    assert sorted(QEMU.products) == [1, 2, 3, 4, 5, 0xFFFF]


def test_an_unknown_product_cannot_be_blacklisted() -> None:
    store = Store()
    with pytest.raises(ConfigError, match="knows only 1"):
        Blacklist(store, NAMES_OF_THE_MAIL).add(3, 1)
    wide = Blacklist(store, REGISTERED_NAMES)
    wide.add(3, 1)
    assert wide.is_blacklisted(3, 1)
    assert not Blacklist(store, NAMES_OF_THE_MAIL).is_blacklisted(3, 1)


def test_a_registered_name_that_the_store_does_not_allow_is_never_blacklisted() -> None:
    wide = Blacklist(Store(), REGISTERED_NAMES)
    with pytest.raises(ConfigError, match="the store allows no node"):
        wide.add(4, 1)
    assert not wide.is_blacklisted(4, 1)
