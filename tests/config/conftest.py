"""A loader that knows the fake driver alone."""

from pathlib import Path

import pytest

from agent.config import ConfigError, load
from drivers import registry
from tests.support.fake import FakeDriver, Said


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setattr(registry, "names", lambda: ["fake"])
    monkeypatch.setattr(registry, "load", {"fake": FakeDriver}.__getitem__)
    file = tmp_path / "station.toml"

    def mistakes(text: str) -> list[str]:
        file.write_text(text)
        try:
            load(file)
        except ConfigError as error:
            return [line.removeprefix(f"{file}:") for line in str(error).splitlines()]
        return []

    return mistakes
