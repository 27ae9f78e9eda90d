"""What lies in deploy/ fits the code: every metric that it looks at is one that the bot exports."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from prometheus_client import generate_latest

from bot.config import Settings
from bot.system import metrics

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
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


# The image. No engine that builds it runs in the tests: its steps do, one by one, in bare folders.


def instructions() -> list[tuple[str, str]]:
    """(FROM, the rest), (RUN, the rest), … of the Dockerfile."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.strip().partition(" ") for line in lines)]


def copied(stage: int) -> list[str]:
    """What a stage copies from the checkout."""
    number, sources = -1, []
    for word, rest in instructions():
        number += word == "FROM"
        if word == "COPY" and number == stage and "--from" not in rest:
            sources += rest.split()[:-1]
    return sources


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the image runs in."""
    folder = tmp_path_factory.mktemp("srv")
    for name in copied(1):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


def test_the_builder_is_sent_what_it_copies_and_little_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored and kept == {*copied(0), *copied(1)}
    assert all((ROOT / name).exists() for name in kept)


def test_what_the_image_installs_is_pinned(tmp_path: Path) -> None:
    for name in copied(0):
        shutil.copy(ROOT / name, tmp_path)
    [extras] = [rest for word, rest in instructions() if word == "ARG" and rest.startswith("EXTRAS=")]
    known = extras.partition("=")[2].strip('"').split()
    command = [sys.executable, "requirements.py", *known]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    wanted = printed.split()
    pinned = {
        line.partition("==")[0].casefold().replace("_", "-")
        for line in (tmp_path / "constraints.txt").read_text(encoding="utf-8").split()
    }
    names = [line.partition("==")[0].partition("[")[0].casefold() for line in wanted]
    assert {"torch", "discord.py", "asyncpg"} <= set(names) and all("==" in line for line in wanted)
    assert {name for name in names if name not in pinned} == {
        "torch"
    }  # by pyproject.toml, for all who use it


def test_the_bot_runs_from_what_the_image_holds(image: Path, tmp_path: Path) -> None:
    [entry] = [json.loads(rest) for word, rest in instructions() if word == "ENTRYPOINT"]
    command = [sys.executable, *entry[1:], "doctor"]
    environment = {"DATA_DIR": str(tmp_path / "data"), "DISCORD_TOKEN": "", "PATH": os.environ["PATH"]}
    ran = subprocess.run(command, cwd=image, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "✓ checkpoint: checkpoints/newmon.safetensors" in ran.stdout
    modules = "import bot.client, bot.features, sandbox, migrations.versions; print(bot.client.__file__)"
    ran = subprocess.run([sys.executable, "-c", modules], cwd=image, capture_output=True, text=True)
    assert Path(ran.stdout.strip()) == image / "bot" / "client.py", ran.stderr


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
async def test_the_image_asks_whether_the_bot_is_alive(status: int, code: int, unused_tcp_port: int) -> None:
    [check] = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    command: list[str] = json.loads(check.partition("CMD ")[2])

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    application = web.Application()
    application.add_routes([web.get("/livez", livez)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    try:
        asked = await asyncio.create_subprocess_exec(
            sys.executable, *command[1:], env={"HEALTH_PORT": str(unused_tcp_port)}, stderr=subprocess.DEVNULL
        )
        assert await asked.wait() == code
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("name", ["compose.yml", "compose.postgres.yml"])
def test_compose_files_name_what_there_is(name: str) -> None:
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    added = yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))
    volumes = {*services["volumes"], *added["volumes"]}
    secrets = {*services["secrets"], *added["secrets"]}
    known = {field.upper() for field in Settings.model_fields}
    for service, said in added["services"].items():
        for volume in said.get("volumes", []):
            source = volume.partition(":")[0]
            assert (DEPLOY / source).is_file() if source.startswith("./") else source in volumes, volume
        assert set(said.get("secrets", [])) <= secrets
        for variable, value in said.get("environment", {}).items():
            if service in ("bot", "backup"):
                assert variable in known, variable
            if str(value).startswith("/run/secrets/"):
                assert value.rpartition("/")[2] in said["secrets"]


def test_the_unit_starts_the_bot_with_settings_that_there_are() -> None:
    lines = (DEPLOY / "newmon.service").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=")[::2] for line in lines if "=" in line and not line.startswith("#")]
    settings = [value.partition("=")[0] for key, value in pairs if key == "Environment"]
    assert settings and {name.lower() for name in settings} <= set(Settings.model_fields)
    assert ("NoNewPrivileges", "yes") in pairs and ("DynamicUser", "yes") in pairs
    if (analyze := shutil.which("systemd-analyze")) is not None:
        rated = subprocess.run(
            [analyze, "security", "--offline=true", "--threshold=30", DEPLOY / "newmon.service"],
            capture_output=True,
            text=True,
        )
        assert rated.returncode == 0, rated.stdout[-300:] + rated.stderr
