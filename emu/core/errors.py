"""The two kinds of error that are neither the guest's nor ours."""

from __future__ import annotations


class ConfigError(Exception):
    """The user asked for the impossible: one sentence that names the remedy; exit status 2."""


class HostError(Exception):
    """The host failed behind a back end (a read, a write, a full disk); the guest sees a device error."""
