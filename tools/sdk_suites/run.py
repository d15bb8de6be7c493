"""Test suites of the official SDKs, run with Ferrule's classes in the place of theirs.

    python tools/sdk_suites/run.py openai==3.57.0 openai==2.54.0 anthropic==2.14.0

Downloads each source distribution, makes an environment for its tests, and runs them with the SDK as it is, then with
`ferrule.openai`'s or `ferrule.anthropic`'s classes, then with `ferrule.patch`. Lists tests that ended in another way
than with the SDK itself: there should be none. `plugin.py` says how the classes are put in place. Everything is kept in
a directory outside the project (`--directory`). `tests/api_resources` are run where `--specification` names a file in
OpenAPI's format, against a mock server of it, which npm installs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).resolve().parents[2]
MODES = ("official", "classes", "patch")
MOCK_SERVER = "@stdy/cli@0.22.2"
MOCK_PORT = 4010
TOOLS = (
    "pytest",
    "pytest-asyncio",
    "pytest-xdist",
    "pytest-timeout",
    "dirty-equals",
    "nest_asyncio",
    "time-machine",
    "rich",
    "inline-snapshot",
    "trio",
    "griffe",
    "respx",
    "hypothesis",
    "http-snapshot[httpx]==0.1.9",
    "packaging",
    "opentelemetry-sdk",
    "importlib-metadata",
    "azure-identity",
    "Pillow",
    "aiohttp",
)
EXTRAS = {
    "openai": "[aiohttp,realtime,datalib,bedrock]",
    "anthropic": "[aiohttp,vertex,bedrock,mcp]",
}
TESTS = {
    "openai": (
        "tests/test_client.py",
        "tests/test_module_client.py",
        "tests/test_streaming.py",
        "tests/test_stream_mode.py",
        "tests/test_sse_framing.py",
        "tests/test_response.py",
        "tests/test_legacy_response.py",
        "tests/test_httpx2.py",
        "tests/test_httpx2_base.py",
        "tests/test_httpx2_respx.py",
        "tests/test_httpx_compat.py",
        "tests/test_debug_logging.py",
        "tests/test_auth.py",
        "tests/test_status_error_messages.py",
        "tests/compat",
        "tests/lib/chat",
        "tests/lib/responses",
        "tests/lib/streaming",
        "tests/lib/test_azure.py",
        "tests/lib/test_azure_auth.py",
        "tests/lib/test_azure_redirects.py",
        "tests/lib/test_azure_request_credentials.py",
        "tests/lib/test_azure_deployment_path.py",
        "tests/lib/test_bedrock.py",
        "tests/lib/test_embeddings.py",
        "tests/lib/test_request_credentials.py",
    ),
    "anthropic": (
        "tests/test_client.py",
        "tests/test_streaming.py",
        "tests/test_response.py",
        "tests/test_legacy_response.py",
        "tests/test_middleware.py",
        "tests/lib/streaming",
        "tests/lib/_parse",
        "tests/lib/test_bedrock.py",
        "tests/lib/test_vertex.py",
        "tests/lib/test_aws.py",
    ),
}
"""What is run of each suite, where the version has it: its clients, streams, helpers and platforms."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("requirements", nargs="+", metavar="NAME==VERSION")
    parser.add_argument("--directory", type=Path, default=Path.home() / ".cache" / "ferrule-sdk-suites")
    parser.add_argument(
        "--specification", type=Path, help="the API's, in OpenAPI's format; with it tests/api_resources"
    )
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--tests", nargs="+", help="these instead of the usual ones")
    given = parser.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)
    differences = 0
    for requirement in given.requirements:
        name, _, version = requirement.partition("==")
        suite = Suite(name, version, given.directory.resolve())
        suite.prepare()
        parts = {"clients": list(given.tests or TESTS[name])}
        if given.specification:
            parts["resources"] = ["tests/api_resources"]
        for part, tests in parts.items():
            server = (
                mock_server(given.directory, given.specification) if part == "resources" else contextlib.nullcontext()
            )
            with server:
                results = {mode: suite.run(mode, part, tests) for mode in given.modes}
            differences += report(f"{requirement}, {part}", results)
    return 1 if differences else 0


class Suite:
    """The suite of one version of an SDK."""

    def __init__(self, name: str, version: str, directory: Path) -> None:
        self._name, self._version, self._directory = name, version, directory
        self._source = directory / f"{name}-{version}"
        self._environment = directory / f"environment-{name}-{version}"
        self._python = self._environment / "bin" / "python"

    def prepare(self) -> None:
        """Downloads the source distribution, and makes the environment of its tests, where they are not there."""
        requirement = f"{self._name}=={self._version}"
        if not self._source.exists():
            options = ["--no-binary", self._name, "--no-deps", "--dest", str(self._directory)]
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", *options, requirement], check=True, timeout=600
            )
            (archive,) = self._directory.glob(f"{self._name}-{self._version}.tar.gz")
            with tarfile.open(archive) as packed:
                packed.extractall(self._directory, filter="data")
        if not self._python.exists():
            with_extras = f"{self._name}{EXTRAS[self._name]}=={self._version}"
            uv = [sys.executable, "-m", "uv", "--quiet"]
            variables = os.environ | {"UV_SYSTEM_CERTS": "true"}
            subprocess.run(
                [*uv, "venv", "--python", sys.executable, self._environment], env=variables, check=True, timeout=600
            )
            install = [*uv, "pip", "install", "--python", self._python, with_extras, *TOOLS]
            subprocess.run(install, env=variables, check=True, timeout=600)

    def run(self, mode: str, part: str, tests: list[str]) -> dict[str, str]:
        """Runs tests, and returns how each ended: `passed`, `failed` or `skipped`."""
        report = self._directory / f"{self._name}-{self._version}-{part}-{mode}.xml"
        variables = os.environ | {
            "FERRULE_SUITE": mode,
            "FERRULE_SUITE_SDK": self._name,
            "FERRULE_SUITE_COUNTS": str(report.with_suffix(".json")),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "python"), str(Path(__file__).parent), ".")),
        }
        options = ["-p", "plugin", "-n", "0", "-q", "--tb=short", "--timeout=120", f"--junitxml={report}"]
        found = [one for one in tests if (self._source / one.partition("::")[0]).exists()]
        with report.with_suffix(".log").open("w") as log:
            command = [self._python, "-m", "pytest", *options, *found]
            subprocess.run(command, cwd=self._source, env=variables, stdout=log, stderr=log, timeout=7200, check=False)
        return results_of(report)


def results_of(report: Path) -> dict[str, str]:
    """How each test of a report in JUnit's format ended."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = {child.tag for child in case}
        ended = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        # A test that fails in its teardown is there twice.
        if found.get(name) != "failed":
            found[name] = ended
    return found


def report(title: str, results: dict[str, dict[str, str]]) -> int:
    """Prints what came out, and returns how many tests ended in another way than with the SDK itself."""
    print(title)
    for mode, found in results.items():
        print(f"  {mode}: {dict(sorted(Counter(found.values()).items()))}")
    baseline = results.get("official")
    if baseline is None:
        return 0
    differences = 0
    for mode, found in results.items():
        for name in sorted(baseline.keys() | found.keys()):
            if baseline.get(name) != found.get(name):
                differences += 1
                print(f"  {mode}: {name}: {baseline.get(name)} with the SDK itself, {found.get(name)} here")
    failed = [name for name, ended in baseline.items() if ended == "failed"]
    print(f"  {len(failed)} fail with the SDK itself, too", *failed[:20], sep="\n    ")
    return differences


@contextlib.contextmanager
def mock_server(directory: Path, specification: Path) -> Generator[None]:
    """Runs the mock server that the suite is made for, with its options, on the port where the tests look for it."""
    home = directory / "mock"
    program = home / "node_modules" / ".bin" / "steady"
    if not program.exists():
        home.mkdir(exist_ok=True)
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("npm is missing; it comes with Node.js")
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", MOCK_SERVER]
        subprocess.run(command, cwd=home, check=True, timeout=600)
    formats = [
        f"--validator-{place}-{kind}-format=brackets" for place in ("query", "form") for kind in ("array", "object")
    ]
    command = [str(program), "--host", "127.0.0.1", "-p", str(MOCK_PORT), "-q", *formats, str(specification.resolve())]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{MOCK_PORT}/_x-steady/health"):
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    sys.exit(main())
