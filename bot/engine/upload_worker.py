"""python -m bot.engine.upload_worker: what `uploads` starts. Reads a picture, and writes a line of JSON.

A decoder that was led astray by somebody's bytes takes this process with it and nothing else.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys

from PIL import Image

from gan.pictures.subject import SubjectError, read_subject

MEMORY_MAX = 2**31  # bytes of addresses: several times what the largest picture takes that is read


def main() -> None:
    """Read, and tell."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # where the system has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    try:
        subject = read_subject(sys.stdin.buffer.read())
    except SubjectError as error:
        print(json.dumps({"refusal": error.reason}), flush=True)
        return
    buffer = io.BytesIO()
    Image.fromarray(subject.pixels).save(buffer, "PNG")
    png = base64.b64encode(buffer.getvalue()).decode()
    print(json.dumps({"png": png, "animated": subject.animated}), flush=True)


if __name__ == "__main__":
    main()
