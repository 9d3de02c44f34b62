"""What all tests share: generated examples are the same in every run, and nothing fails for being slow.

`EMU_EXPLORE=1` lets hypothesis draw other examples each time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("EMU_EXPLORE") else "same")
