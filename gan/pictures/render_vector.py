"""python render_vector.py SIDE: an SVG from stdin becomes a PNG on stdout, in a process that may fail alone.

Exit status 1 and one line on stderr where the drawing is at fault. Imports nothing of this project, so that
it starts quickly.
"""

import contextlib
import sys
import threading

import resvg_py

STACK_BYTES = 256 << 20  # groups are followed by recursion; 250 of them overflow the usual 8 MB
MEMORY_BYTES = 4 << 30
CPU_S = 30
DPI = 96  # CSS pixels an inch: what mm, cm, in, pc and pt are measured by


def limit() -> None:
    """Bound memory and time where the system can."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))


def render(outcome: list[int]) -> None:
    """Render; append the exit status."""
    side, drawing = int(sys.argv[1]), sys.stdin.buffer.read().decode()
    try:
        # Both bounds, since a drawing of 1 × 1,000,000 would exhaust the memory with either alone. No fonts
        # of the machine, so that the picture is the same everywhere.
        png = resvg_py.svg_to_bytes(
            svg_string=drawing, width=side, height=side, skip_system_fonts=True, dpi=DPI
        )
    except ValueError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        outcome.append(1)
        return
    sys.stdout.buffer.write(png)
    sys.stdout.buffer.flush()
    outcome.append(0)


if __name__ == "__main__":
    limit()
    threading.stack_size(STACK_BYTES)
    outcome: list[int] = []
    thread = threading.Thread(target=render, args=(outcome,))
    thread.start()
    thread.join()
    sys.exit(outcome[0] if outcome else 2)
