"""Objects that `ferrule.sdk_objects` builds, against those of the official SDKs of both generations: no difference.

`sdk_objects/fuzz.py` runs in the environment of each SDK: thousands of bodies and events, transcribed, generated and
changed, are built by both, and compared in all that a program can see. `FERRULE_SDK_OBJECT_CASES` is how many of each
type (default 400), `FERRULE_SDK_OBJECT_SEED` another choice of them.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import environment
import pytest

PROGRAMS = Path(__file__).parent / "sdk_objects"
SDKS = ["openai-2", "openai-3", "anthropic-0", "anthropic-1", "anthropic-2"]
CASES = int(os.environ.get("FERRULE_SDK_OBJECT_CASES", "400"))
SEED = os.environ.get("FERRULE_SDK_OBJECT_SEED", "1")

pytestmark = pytest.mark.timeout(600)


def run(sdk: str, program: str, *arguments: str) -> Any:
    python = environment.programs_of(sdk) / "python"
    variables = os.environ | {"PYTHONPATH": str(environment.ROOT / "python")}
    command = [str(python), "-X", "utf8", str(PROGRAMS / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=590, env=variables)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("sdk", SDKS)
def test_objects_equal_the_sdk_s(sdk: str) -> None:
    report = run(sdk, "fuzz.py", "--cases", str(CASES), "--seed", SEED)
    assert len(report) == 6
    for name, found in report.items():
        assert found["cases"] >= CASES
        assert found["differences"] == 0, (name, found["first"])
        # What providers really send is never left to the SDK.
        assert found["transcribed"]["fallback_objects"] == 0, (name, found)
        assert found["transcribed"]["built"] > 0


@pytest.mark.parametrize("sdk", SDKS)
def test_corners_equal_the_sdk_s(sdk: str) -> None:
    report = run(sdk, "fuzz.py", "--corners", "--cases", str(CASES // 2), "--seed", SEED)
    for name, found in report.items():
        assert found["differences"] == 0, (name, found["first"])
    # Classes that are the SDK's to build are built by it, and counted; what is no object is the same for all.
    for name in ("Private", "Constructing", "Closed", "Strict", "ByName", "ListDefault", "Many"):
        assert report[name]["all"]["fallback_objects"] > 5 * report[name]["all"]["built"], name
    assert report["AlmostMany"]["all"]["built"] > report["AlmostMany"]["all"]["fallback_objects"]
    assert report["Unknown"]["all"]["fallback_fields"] > 0


@pytest.mark.parametrize("sdk", ["openai-3", "anthropic-2"])
def test_nothing_is_left_of_objects(sdk: str) -> None:
    left = run(sdk, "leaks.py", "50000")
    assert left["memory_kb"] < 1024, left
    assert abs(left["objects"]) < 50, left
    # Counts of `None` and of short strings move a little by themselves.
    assert left["references"] < 100, left
    assert left["cycles"]
    assert left["threads"] == 0


@pytest.mark.parametrize("sdk", ["openai-2", "openai-3"])
def test_base64_embeddings_equal_the_sdk_s(sdk: str) -> None:
    report = run(sdk, "embeddings.py")
    assert report["differences"] == 0, report["first"]


@pytest.mark.parametrize("program", ["chat_streams.py", "response_streams.py"])
@pytest.mark.parametrize("sdk", ["openai-2", "openai-3"])
def test_streams_of_openai_accumulate_as_the_sdk_s(sdk: str, program: str) -> None:
    report = run(sdk, program)
    assert report["differences"] == 0, report["first"]
    assert report["fast"] > 500


@pytest.mark.parametrize("sdk", ["anthropic-0", "anthropic-1", "anthropic-2"])
def test_streams_of_anthropic_accumulate_as_the_sdk_s(sdk: str) -> None:
    report = run(sdk, "message_streams.py")
    assert report["differences"] == 0, report["first"]
    assert report["fast"] > 500


@pytest.mark.parametrize("sdk", SDKS)
def test_managers_open_streams_that_accumulate_fast(sdk: str) -> None:
    assert run(sdk, "managers.py")["wrong"] == []
