"""Releases: the tag is the version, workflows run pinned actions, and the dependencies of every folder are watched."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of version 1.2.3 with the script that looks at it."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "check-release.sh", tmp_path / "tools")
    (tmp_path / "Cargo.toml").write_text('[workspace.package]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.3] - 2026-12-01\n")
    return tmp_path


def check(project: Path, tag: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "tools/check-release.sh", tag]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=20)


pytestmark = pytest.mark.skipif(not Path("/bin/sh").exists(), reason="the tools are for Unix")


def test_a_release_is_tagged_with_its_version(project: Path) -> None:
    assert check(project, "v1.2.3").returncode == 0
    for tag in ("v1.2.4", "1.2.3", "v1.2.3.1"):
        done = check(project, tag)
        assert done.returncode == 1
        assert tag in done.stderr


@pytest.mark.parametrize("heading", ["## [Unreleased]", "## [1.2.3]", "## [1x2x3] - 2026-12-01"])
def test_a_release_has_a_dated_section_in_the_changelog(project: Path, heading: str) -> None:
    (project / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n")
    assert "no dated section of 1.2.3" in check(project, "v1.2.3").stderr


def test_actions_are_pinned_by_digest() -> None:
    """A tag can be moved to other code, a digest cannot; the comment says which version it was."""
    used = [line.strip() for path in WORKFLOWS for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert len(used) > 10
    pinned = re.compile(r"(- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    ours = re.compile(r"(- )?uses: \./\.github/workflows/[\w.-]+\.yml")
    assert not [line for line in used if not pinned.fullmatch(line) and not ours.fullmatch(line)]


def test_publishing_needs_the_checks() -> None:
    publish = (ROOT / ".github" / "workflows" / "wheels.yml").read_text("utf-8").split("\n  publish:\n")[1]
    needed = re.search(r"needs: \[(.*)\]", publish)
    assert needed is not None
    assert {"checks", "version", "wheels", "sdist"} <= set(needed[1].split(", "))


def test_dependencies_of_every_folder_are_kept_current() -> None:
    watched = (ROOT / ".github" / "dependabot.yml").read_text("utf-8")
    tracked = subprocess.run(["git", "ls-files", "*Cargo.lock"], cwd=ROOT, capture_output=True, text=True, timeout=20)
    if tracked.returncode:
        pytest.skip("this is not a clone")
    folders = {f"/{Path(file).parent}".removesuffix(".") for file in tracked.stdout.split()}
    listed = set(re.findall(r"(?<=[\[ ])/[\w/-]*", watched))
    assert folders <= listed
