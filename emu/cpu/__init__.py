"""The processor, delivered on the Unicorn engine."""
