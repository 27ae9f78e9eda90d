"""Processes that work beside the bot: they take what it leaves over, and learn none of its secrets."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # where `-m train` and `-m bot.…` find their modules
LOWEST = 19  # of priorities: niceness
OOM_SCORE = 800  # of 1000: where memory runs out, these go first and not the bot
# The system takes one such change in a tenth of a second, of all processes together.
AUTOGROUP_RETRIES_S = (0.05, 0.1, 0.2, None)

# All that such a process may have of the bot's environment: where programs, libraries and certificates lie,
# the language, and what torch, CUDA and npm are set up with. What else there is may be anybody's secret.
_PASSED = {
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONIOENCODING"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"),
    *("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("THP_MEM_ALLOC_ENABLE", "SYSTEMROOT"),
}
_PASSED_KINDS = re.compile(
    r"(LC|OMP|GOMP|KMP|MKL|OPENBLAS|ONEDNN|DNNL|ATEN|TORCH|TORCHINDUCTOR|PYTORCH|TRITON|CUDA|CUDNN|CUBLAS"
    r"|NVIDIA|NCCL|HIP|HSA|ROCR|NPM_CONFIG|GLIBC|MALLOC|JEMALLOC)_\w+"
)
_SECRET = re.compile(r"TOKEN|SECRET|PASS|PWD|KEY|AUTH|CREDENTIAL")  # whatever kind it is of


def environment(threads: int | None, own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a process beside the bot gets of its environment; `threads` is how many torch may compute with."""
    kept = {name: value for name, value in own.items() if _passed(name.upper())}
    numbers = {} if threads is None else dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return kept | numbers | {"PYTHONUNBUFFERED": "1"}


def _passed(name: str) -> bool:
    return name in _PASSED or (bool(_PASSED_KINDS.fullmatch(name)) and not _SECRET.search(name))


def stand_back(pid: int, niceness: int = LOWEST) -> None:
    """Let a process take less than others; with the lowest priority only what nobody else needs at all.

    What this machine does not offer is left out.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
    with contextlib.suppress(OSError, AttributeError):
        if niceness == LOWEST:
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        if os.getsid(pid) == pid:  # never the group that the bot itself is in
            _stand_back_as_a_group(pid, niceness)
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(OOM_SCORE))


def _stand_back_as_a_group(pid: int, niceness: int) -> None:
    """Lower a whole session. Linux may share the processor out among sessions first, each as much as another,
    and look at priorities only within one (autogroup, sched(7)). Raises OSError where it does not.
    """
    group = Path(f"/proc/{pid}/autogroup")
    for delay_s in AUTOGROUP_RETRIES_S:
        try:
            group.write_text(str(niceness))
            return
        except BlockingIOError:
            if delay_s is None:
                raise
            time.sleep(delay_s)
