"""How every test runs, by `make test` on several workers or by hand on one."""

from __future__ import annotations

import os

# One thread for each worker, and for the processes that tests start: tiny networks are fastest on one, above
# all while other workers occupy the cores. torch asks once, when it is imported, so this comes before it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
