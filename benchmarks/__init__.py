"""How fast the machine is: `python -m benchmarks` prints medians against the goals. These are no tests."""
