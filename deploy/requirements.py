"""Prints what the project and these of its extras need, a requirement a line: python requirements.py bot …

For images whose packages are installed before the code is copied. Reads pyproject.toml of the current folder.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
print(*project["dependencies"], sep="\n")
for extra in sys.argv[1:]:
    print(*project["optional-dependencies"][extra], sep="\n")
