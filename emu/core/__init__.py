"""Words that every part shares; standard library only."""
