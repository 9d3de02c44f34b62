"""Boot smoke tests: scenarios, what they expect, how they are run and reported."""
