"""docs/architecture.md: the feature that it shows is one."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from bot.core.features import load
from bot.features import FEATURES
from tests.docs.pages import ROOT

NAME = "greeting_of_the_docs"


def test_the_feature_on_the_page_is_found_by_the_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / f"{NAME}.py").write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(NAME, tmp_path / f"{NAME}.py")
    assert spec is not None and spec.loader is not None
    greeting = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, NAME, greeting)
    spec.loader.exec_module(greeting)

    without, loaded = load(FEATURES), load((*FEATURES, greeting))
    assert [c.name for c in loaded.commands] == [*(c.name for c in without.commands), "greet"]
    button = loaded.components["greet"].from_custom_id("newmon:greet:12")
    assert button is not None and button == greeting.Greet(12) and button.custom_id == "newmon:greet:12"
    assert len(loaded.offers) == len(without.offers) + 1
