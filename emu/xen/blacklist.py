"""Which drivers the host refuses: product names, and the lookup in the store.

A driver is blacklisted if `/mh/driver-blacklist/{product name}/{build}` exists and is readable (the mail, and
Xen's docs/misc/pvdrivers.txt for the names that were registered after it). A product without a name cannot be
blacklisted.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.core.errors import ConfigError
from emu.xen.xenstore.store import PRIVILEGED, Store, StoreError

FOLDER = "/mh/driver-blacklist"

NAMES_OF_THE_MAIL: Mapping[int, str] = {1: "xensource-windows"}
REGISTERED_NAMES: Mapping[int, str] = {
    1: "xensource-windows",
    2: "gplpv-windows",
    3: "linux",
    4: "xenserver-windows-v7.0+",
    5: "xenserver-windows-v7.2+",
    0xFFFF: "experimental",
}


def blacklist_path(product_name: str, build: int) -> str:
    """Where the store holds the verdict on one build; the mail prints the number signed (`%d`)."""
    signed = build - (1 << 32) if build & 0x8000_0000 else build
    return f"{FOLDER}/{product_name}/{signed}"


class Blacklist:
    """The verdict on drivers, from a store and a registry of product names."""

    def __init__(self, store: Store, names: Mapping[int, str], *, reader: int = PRIVILEGED) -> None:
        """`reader` is the domain in which the device model runs and for which a path must be readable."""
        self._store = store
        self._names = names
        self._reader = reader

    def is_blacklisted(self, product: int, build: int) -> bool:
        """Whether the store refuses this build of this product."""
        name = self._names.get(product)
        return name is not None and self._store.exists(blacklist_path(name, build), domain=self._reader)

    def add(self, product: int, build: int) -> None:
        """Refuse a build. Raises ConfigError where the product's name is unknown or no valid path."""
        name = self._names.get(product)
        if name is None:
            known = ", ".join(f"{number} ({known})" for number, known in self._names.items())
            raise ConfigError(
                f"product {product} cannot be blacklisted: this host profile knows only {known}"
            )
        try:
            self._store.write(blacklist_path(name, build), "")
        except StoreError as error:
            raise ConfigError(
                f"product {product} cannot be blacklisted: the store allows no node named {name!r}; "
                "choose another product"
            ) from error
