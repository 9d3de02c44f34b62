"""The store's tree: paths, values, permissions, order, limits, and what observers see of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from emu.core.events import Observer, Observers
from emu.xen.xenstore.store import Errno, Grant, Right, Store, StoreError


@contextmanager
def refused(code: Errno) -> Iterator[None]:
    with pytest.raises(StoreError) as caught:
        yield
    assert caught.value.code is code


def test_a_written_value_is_read_back() -> None:
    store = Store()
    store.write("/vm/name", "guest")
    store.write("/vm/raw", b"\0\xff")
    assert store.read("/vm/name") == b"guest"
    assert store.read("/vm/raw") == b"\0\xff"


def test_writing_makes_the_nodes_above_with_empty_values() -> None:
    store = Store()
    store.write("/a/b/c", "x")
    assert store.read("/a") == b""
    assert store.read("/a/b") == b""


def test_a_missing_node_is_enoent() -> None:
    with refused(Errno.ENOENT):
        Store().read("/nowhere")


def test_children_are_listed_in_the_order_in_which_they_were_made() -> None:
    store = Store()
    for name in ("z", "a", "m"):
        store.write(f"/dir/{name}", "")
    store.remove("/dir/z")
    store.mkdir("/dir/z")
    assert store.directory("/dir") == ["a", "m", "z"]
    assert store.directory("/") == ["dir"]
    assert store.directory("/dir/a") == []


def test_mkdir_leaves_a_node_that_is_there() -> None:
    store = Store()
    store.write("/a/b", "kept")
    store.mkdir("/a/b")
    store.mkdir("/a/c/d")
    assert store.read("/a/b") == b"kept"
    assert store.directory("/a") == ["b", "c"]


def test_remove_takes_everything_below() -> None:
    store = Store()
    store.write("/a/b/c", "1")
    store.write("/a/bb", "2")
    store.remove("/a/b")
    assert store.directory("/a") == ["bb"]
    with refused(Errno.ENOENT):
        store.read("/a/b/c")
    store.write("/a/b", "again")
    assert store.directory("/a/b") == []


def test_removing_a_missing_node_is_an_error_only_where_its_parent_is_missing_too() -> None:
    store = Store()
    store.mkdir("/a")
    store.remove("/a/b")
    with refused(Errno.ENOENT):
        store.remove("/x/y")


def test_the_root_cannot_be_removed() -> None:
    with refused(Errno.EINVAL):
        Store().remove("/")


@pytest.mark.parametrize(
    "path", ["", "/a/", "//a", "/a//b", "/a b", "/a.b", "/a+b", "/ä", "/a\0", "/" + "x" * 3072, "y" * 2049]
)
def test_a_malformed_path_is_einval(path: str) -> None:
    store = Store()
    with refused(Errno.EINVAL):
        store.write(path, "")
    with refused(Errno.EINVAL):
        store.read(path)


def test_paths_may_have_3072_characters_and_all_of_xenstores_alphabet() -> None:
    store = Store()
    for path in ("/" + "x" * 3071, "/aZ-09_@/b", "y" * 2048):
        store.write(path, "v")
        assert store.read(path) == b"v"


def test_a_relative_path_begins_at_the_domains_own_folder() -> None:
    store = Store()
    store.write("/local/domain/5/name", "five")
    store.set_permissions("/local/domain/5/name", Grant(5, Right.NONE))
    assert store.read("name", domain=5) == b"five"


def test_a_deep_tree_can_be_saved_walked_and_removed() -> None:
    store = Store()
    store.write("/a" * 1536, "deep")
    twin = Store()
    twin.restore(store.save())
    assert twin.save() == store.save()
    assert sum(1 for _ in twin.walk()) == 1537
    twin.remove("/a")
    assert [path for path, _ in twin.walk()] == ["/"]


def test_only_the_owner_and_domain_0_may_read_without_a_grant() -> None:
    store = Store()
    store.write("/secret", "s")
    store.set_permissions("/secret", Grant(3, Right.NONE), Grant(4, Right.READ))
    assert store.read("/secret", domain=0) == b"s"
    assert store.read("/secret", domain=3) == b"s"
    assert store.read("/secret", domain=4) == b"s"
    with refused(Errno.EACCES):
        store.read("/secret", domain=5)


def test_reading_and_writing_are_granted_apart() -> None:
    store = Store()
    store.write("/n", "v")
    store.set_permissions("/n", Grant(0, Right.READ), Grant(4, Right.WRITE), Grant(5, Right.BOTH))
    assert store.read("/n", domain=9) == b"v"
    with refused(Errno.EACCES):
        store.write("/n", "w", domain=9)
    with refused(Errno.EACCES):
        store.read("/n", domain=4)
    store.write("/n", "4", domain=4)
    store.write("/n", "5", domain=5)
    assert store.read("/n", domain=5) == b"5"


def test_a_listed_domain_does_not_fall_back_to_everybodys_right() -> None:
    store = Store()
    store.write("/n", "v")
    store.set_permissions("/n", Grant(0, Right.READ), Grant(4, Right.NONE))
    with refused(Errno.EACCES):
        store.read("/n", domain=4)


def test_what_a_domain_makes_is_its_own_and_inherits_the_rest() -> None:
    store = Store()
    store.mkdir("/home")
    store.set_permissions("/home", Grant(0, Right.NONE), Grant(7, Right.BOTH))
    store.write("/home/mine", "x", domain=7)
    assert store.permissions("/home/mine") == (Grant(7, Right.NONE), Grant(7, Right.BOTH))
    store.write("/home/host", "y")
    assert store.permissions("/home/host")[0].domain == 0


def test_whether_a_node_is_missing_is_told_only_to_those_who_may_read_above() -> None:
    store = Store()
    store.mkdir("/open")
    store.set_permissions("/open", Grant(0, Right.READ))
    with refused(Errno.ENOENT):
        store.read("/open/x", domain=3)
    with refused(Errno.EACCES):
        store.read("/closed/x", domain=3)
    with refused(Errno.EACCES):
        store.write("/open/x", "", domain=3)


def test_only_the_owner_may_set_permissions_and_may_not_give_a_node_away() -> None:
    store = Store()
    store.mkdir("/n")
    store.set_permissions("/n", Grant(3, Right.BOTH))
    with refused(Errno.EACCES):
        store.set_permissions("/n", Grant(4, Right.BOTH), domain=4)
    with refused(Errno.EPERM):
        store.set_permissions("/n", Grant(4, Right.BOTH), domain=3)
    with refused(Errno.EINVAL):
        store.set_permissions("/n")
    store.set_permissions("/n", Grant(3, Right.NONE), domain=3)
    assert store.permissions("/n") == (Grant(3, Right.NONE),)


def test_grants_are_written_as_the_protocol_writes_them() -> None:
    assert str(Grant(5, Right.BOTH)) == "b5"
    assert Grant.parse("r12") == Grant(12, Right.READ)


def test_a_guest_cannot_fill_the_hosts_memory() -> None:
    store = Store()
    store.mkdir("/g")
    store.set_permissions("/g", Grant(3, Right.NONE))
    for number in range(999):
        store.write(f"/g/{number}", "", domain=3)
    with refused(Errno.ENOSPC):
        store.write("/g/more", "", domain=3)
    with refused(Errno.ENOSPC):
        store.write("/g/1", b"x" * 2049, domain=3)
    with refused(Errno.ENOSPC):
        store.set_permissions("/g/1", *[Grant(3, Right.NONE)] * 6, domain=3)
    with refused(Errno.E2BIG):
        store.write("/host", b"x" * 4097)


def test_every_change_advances_the_generation_and_reading_does_not() -> None:
    store = Store()
    seen = [store.state.generation]
    changes: list[Callable[[], None]] = [
        lambda: store.write("/a", "1"),
        lambda: store.write("/a", "1"),
        lambda: store.mkdir("/b"),
        lambda: store.set_permissions("/b", Grant(1, Right.READ)),
        lambda: store.remove("/b"),
    ]
    for change in changes:
        change()
        seen.append(store.state.generation)
    assert seen == sorted(set(seen))
    store.read("/a")
    store.directory("/")
    assert store.state.generation == seen[-1]
    assert store.state.nodes["/a"].generation == seen[2]


def test_every_access_is_seen_with_what_it_gave() -> None:
    accesses: list[tuple[str, str, str]] = []

    class Watcher(Observer):
        def store_access(self, operation: str, path: str, value: str) -> None:
            accesses.append((operation, path, value))

    store = Store(observers=Observers(Watcher()))
    store.write("/a/b", "v")
    store.read("/a/b")
    store.exists("/a/x")
    store.directory("/a")
    store.mkdir("/c")
    store.set_permissions("/c", Grant(1, Right.READ))
    store.permissions("/c")
    store.remove("/c")
    list(store.walk())
    assert accesses == [
        ("write", "/a/b", "v"),
        ("read", "/a/b", "v"),
        ("read", "/a/x", "<ENOENT>"),
        ("directory", "/a", "b"),
        ("mkdir", "/c", ""),
        ("set_permissions", "/c", "r1"),
        ("get_permissions", "/c", "r1"),
        ("remove", "/c", ""),
    ]


def test_a_restored_store_answers_alike_and_shares_nothing() -> None:
    store = Store()
    store.write("/b/1", "x")
    store.write("/a", b"\xff")
    store.set_permissions("/a", Grant(2, Right.BOTH), Grant(3, Right.READ))
    twin = Store()
    twin.restore(store.save())
    assert twin.save() == store.save()
    assert twin.directory("/") == ["b", "a"]
    assert twin.read("/a", domain=3) == b"\xff"
    twin.write("/b/2", "only here")
    assert store.directory("/b") == ["1"]


def test_the_guests_reset_keeps_the_store() -> None:
    store = Store()
    store.write("/a", "x")
    store.reset()
    assert store.read("/a") == b"x"
