"""The store: the tree of small values through which a guest and the host's tools talk."""
