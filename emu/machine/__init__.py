"""The machine as wired: configuration, chips, run loop, snapshots."""
