"""The store's tree: nodes with a value, permissions and children, addressed by path.

It follows Xen's docs/misc/xenstore.txt and the behaviour of xenstored, without the wire: that, watches and
transactions are built on top (every change passes `_changed`, and nodes are kept flat by path, so that a
transaction can be a copy of one dictionary). Children are listed in the order in which they were made.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from emu.core.device import Device
from emu.core.events import Observers

ABSOLUTE_PATH_MAX = 3072
RELATIVE_PATH_MAX = 2048
VALUE_MAX = 4096
"""Bytes of a path from the root, of one from a domain's own folder, and of a value."""
ENTRY_QUOTA = 1000
PERMISSIONS_QUOTA = 5
VALUE_QUOTA = 2048
"""What a domain other than 0 may own in nodes, and put on one node in permissions and bytes."""
PRIVILEGED = 0
"""The domain that may do everything."""

_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-/_@")

T = TypeVar("T")


class Errno(Enum):
    """Why the store refuses, by the names that its protocol sends."""

    EINVAL = "the path is not valid"
    ENOENT = "there is no such node"
    EACCES = "permission denied"
    EPERM = "only a privileged domain may give a node away"
    ENOSPC = "a quota is used up"
    E2BIG = "the value is too long"


class StoreError(Exception):
    """A refused operation."""

    def __init__(self, code: Errno, path: str) -> None:
        super().__init__(f"{path}: {code.value} ({code.name})")
        self.code = code


class Right(Enum):
    """What a domain may do with a node, by the letter of the protocol."""

    NONE = "n"
    READ = "r"
    WRITE = "w"
    BOTH = "b"

    def allows(self, wanted: Right) -> bool:
        """Whether `wanted` (READ or WRITE) is granted."""
        return self is wanted or self is Right.BOTH


@dataclass(frozen=True)
class Grant:
    """A domain and its right; the first one of a node names its owner and everybody else's right."""

    domain: int
    right: Right

    def __str__(self) -> str:
        return f"{self.right.value}{self.domain}"

    @classmethod
    def parse(cls, text: str) -> Grant:
        """A grant as the protocol writes it: `r5`. Raises ValueError."""
        return cls(int(text[1:]), Right(text[:1]))


@dataclass
class Node:
    """One node; children by the last component of their paths."""

    value: bytes
    grants: tuple[Grant, ...]
    generation: int
    children: list[str] = field(default_factory=list)

    @property
    def owner(self) -> int:
        """The domain that owns the node."""
        return self.grants[0].domain

    def allows(self, domain: int, wanted: Right) -> bool:
        """Whether `domain` may read or write (`wanted`) the node."""
        if domain in (PRIVILEGED, self.owner):
            return True
        for grant in self.grants[1:]:
            if grant.domain == domain:
                return grant.right.allows(wanted)
        return self.grants[0].right.allows(wanted)


@dataclass
class StoreState:
    """All nodes by path, and a counter that each change advances."""

    nodes: dict[str, Node] = field(
        default_factory=lambda: {"/": Node(b"", (Grant(PRIVILEGED, Right.NONE),), 0)}
    )
    generation: int = 0


def canonical(path: str, domain: int = PRIVILEGED) -> str:
    """`path` from the root: a relative one begins at the domain's own folder. Raises StoreError EINVAL."""
    limit = ABSOLUTE_PATH_MAX if path.startswith("/") else RELATIVE_PATH_MAX
    whole = path if path.startswith("/") else f"/local/domain/{domain}/{path}"
    ends_well = whole == "/" or not whole.endswith("/")
    if not path or len(path) > limit or not ends_well or "//" in whole or not _CHARACTERS.issuperset(whole):
        raise StoreError(Errno.EINVAL, path)
    return whole


def parent_of(path: str) -> str:
    """The path of the node above."""
    return path.rpartition("/")[0] or "/"


class Store(Device[StoreState]):
    """The tree. Each method acts for a `domain` and raises StoreError; each is seen by the observers."""

    def __init__(self, name: str = "xenstore", *, observers: Observers | None = None) -> None:
        super().__init__(name, StoreState())
        self._observers = observers or Observers()

    def reset(self) -> None:
        """The guest's RESET does not reach the host's store."""

    def read(self, path: str, *, domain: int = PRIVILEGED) -> bytes:
        """The value of a node."""
        return self._seen("read", path, lambda: self._find(path, domain, Right.READ)[1].value)

    def exists(self, path: str, *, domain: int = PRIVILEGED) -> bool:
        """Whether `domain` can read a node at `path`: an access like `read`."""
        try:
            self.read(path, domain=domain)
        except StoreError:
            return False
        return True

    def directory(self, path: str, *, domain: int = PRIVILEGED) -> list[str]:
        """The names of a node's children, in the order in which they were made."""
        return self._seen("directory", path, lambda: list(self._find(path, domain, Right.READ)[1].children))

    def write(self, path: str, value: bytes | str, *, domain: int = PRIVILEGED) -> None:
        """Set a value; the node, and those above it, are made where they are missing."""
        data = value.encode() if isinstance(value, str) else value
        self._seen("write", path, lambda: self._write(path, data, domain), data)

    def mkdir(self, path: str, *, domain: int = PRIVILEGED) -> None:
        """Make an empty node, and those above it, unless it is there."""
        self._seen("mkdir", path, lambda: self._mkdir(path, domain))

    def remove(self, path: str, *, domain: int = PRIVILEGED) -> None:
        """Remove a node and all below it; one that is missing below a node that is there is no error."""
        self._seen("remove", path, lambda: self._remove(path, domain))

    def permissions(self, path: str, *, domain: int = PRIVILEGED) -> tuple[Grant, ...]:
        """The grants of a node, the owner's first."""
        return self._seen("get_permissions", path, lambda: self._find(path, domain, Right.READ)[1].grants)

    def set_permissions(self, path: str, *grants: Grant, domain: int = PRIVILEGED) -> None:
        """Replace the grants; the first names the owner and the right of domains that are not listed."""
        text = " ".join(map(str, grants)).encode()
        self._seen("set_permissions", path, lambda: self._set_permissions(path, grants, domain), text)

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Every node from the root down, for views: no access, seen by nobody."""
        waiting = ["/"]
        while waiting:
            path = waiting.pop()
            node = self.state.nodes[path]
            yield path, node
            waiting += [self._child(path, name) for name in reversed(node.children)]

    def _seen(self, operation: str, path: str, act: Callable[[], T], argument: bytes | None = None) -> T:
        try:
            result = act()
        except StoreError as error:
            for seen in self._observers.store_access:
                seen(operation, path, f"<{error.code.name}>")
            raise
        if self._observers.store_access:
            text = _as_text(result if argument is None else argument)
            for seen in self._observers.store_access:
                seen(operation, path, text)
        return result

    def _find(self, path: str, domain: int, wanted: Right) -> tuple[str, Node]:
        """The node at `path`, if the domain may know it; else why not, told by what it may know above."""
        whole = canonical(path, domain)
        node = self.state.nodes.get(whole)
        if node is not None and node.allows(domain, wanted):
            return whole, node
        missing = node is None and self._nearest(whole).allows(domain, wanted)
        raise StoreError(Errno.ENOENT if missing else Errno.EACCES, path)

    def _nearest(self, path: str) -> Node:
        while path not in self.state.nodes:
            path = parent_of(path)
        return self.state.nodes[path]

    def _write(self, path: str, data: bytes, domain: int) -> None:
        whole = canonical(path, domain)
        if len(data) > VALUE_MAX:
            raise StoreError(Errno.E2BIG, path)
        if domain != PRIVILEGED and len(data) > VALUE_QUOTA:
            raise StoreError(Errno.ENOSPC, path)
        node = self._writable(path, domain)
        node.value = data
        self._changed(whole)

    def _mkdir(self, path: str, domain: int) -> None:
        if canonical(path, domain) not in self.state.nodes:
            self._writable(path, domain)
        else:
            self._find(path, domain, Right.WRITE)

    def _writable(self, path: str, domain: int) -> Node:
        """The node at `path` for a write; it and those above it are made where they are missing."""
        try:
            return self._find(path, domain, Right.WRITE)[1]
        except StoreError as error:
            if error.code is not Errno.ENOENT:
                raise
        missing = [canonical(path, domain)]
        while (above := parent_of(missing[-1])) not in self.state.nodes:
            missing.append(above)
        self._charge(domain, len(missing), path)
        for each in reversed(missing):
            self._make(each, domain)
        return self.state.nodes[missing[0]]

    def _make(self, path: str, domain: int) -> None:
        """A new node has the grants of the one above; what an unprivileged domain makes is its own."""
        above = self.state.nodes[parent_of(path)]
        owner = above.owner if domain == PRIVILEGED else domain
        grants = (Grant(owner, above.grants[0].right), *above.grants[1:])
        self.state.nodes[path] = Node(b"", grants, 0)
        above.children.append(path.rpartition("/")[2])
        self._changed(path)

    def _charge(self, domain: int, count: int, path: str) -> None:
        if domain == PRIVILEGED:
            return
        owned = sum(node.owner == domain for node in self.state.nodes.values())
        if owned + count > ENTRY_QUOTA:
            raise StoreError(Errno.ENOSPC, path)

    def _remove(self, path: str, domain: int) -> None:
        whole = canonical(path, domain)
        if whole == "/":
            raise StoreError(Errno.EINVAL, path)
        try:
            self._find(path, domain, Right.WRITE)
        except StoreError as error:
            if error.code is Errno.ENOENT and parent_of(whole) in self.state.nodes:
                return
            raise
        self.state.nodes[parent_of(whole)].children.remove(whole.rpartition("/")[2])
        doomed = [whole]
        for each in doomed:
            doomed += [self._child(each, name) for name in self.state.nodes[each].children]
        for each in doomed:
            del self.state.nodes[each]
        self._changed(whole)

    def _set_permissions(self, path: str, grants: tuple[Grant, ...], domain: int) -> None:
        whole, node = self._find(path, domain, Right.WRITE)
        if not grants:
            raise StoreError(Errno.EINVAL, path)
        if domain not in (PRIVILEGED, node.owner):
            raise StoreError(Errno.EACCES, path)
        if domain != PRIVILEGED and grants[0].domain != node.owner:
            raise StoreError(Errno.EPERM, path)
        if domain != PRIVILEGED and len(grants) > PERMISSIONS_QUOTA:
            raise StoreError(Errno.ENOSPC, path)
        node.grants = grants
        self._changed(whole)

    def _changed(self, path: str) -> None:
        self.state.generation += 1
        if path in self.state.nodes:
            self.state.nodes[path].generation = self.state.generation

    def _child(self, path: str, name: str) -> str:
        return f"/{name}" if path == "/" else f"{path}/{name}"


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else ""
