"""What lies in deploy/ fits the code: every metric that it looks at is one that the bot exports."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from bot.system import metrics

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
WATCHING = [DEPLOY / "grafana" / "newmon.json", DEPLOY / "prometheus" / "alerts.yml"]


def exported() -> set[str]:
    """The names of all samples, of metrics that nothing was counted for, too."""
    kinds = re.findall(r"^# TYPE (\S+) (\S+)$", generate_latest(metrics.REGISTRY).decode(), re.MULTILINE)
    endings = {"histogram": ("_bucket", "_sum", "_count")}
    return {name + ending for name, kind in kinds for ending in endings.get(kind, ("",))}


@pytest.mark.parametrize("path", WATCHING, ids=lambda path: path.name)
def test_dashboard_and_alerts_look_at_what_there_is(path: Path) -> None:
    looked_at = set(re.findall(r"\bnewmon_\w+", path.read_text(encoding="utf-8")))
    assert looked_at and looked_at <= exported(), looked_at - exported()


def test_the_dashboard_shows_all_that_is_exported() -> None:
    board = json.loads((DEPLOY / "grafana" / "newmon.json").read_text(encoding="utf-8"))
    shown = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported()}
    ours = {name for name in ours if not re.search(r"_created$|^newmon_process_", name)}
    assert {name for name in ours if name not in shown} == set()
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(places)) == len(places) and len({panel["id"] for panel in board["panels"]}) == len(places)


def test_every_alert_says_what_to_do() -> None:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 5
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"].endswith(
            "."
        )
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert scraped["rule_files"] == ["alerts.yml"]
    assert {job["job_name"] for job in scraped["scrape_configs"]} >= set(re.findall(r'job="(\w+)"', text))
