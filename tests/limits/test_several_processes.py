"""Several processes with one state: one budget, one limit and one ledger, whoever is killed or forked."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from limited_world import INPUT, MODEL, OUTPUT, most_within, settings
from typer.testing import CliRunner

import ferrule
from ferrule.cli.app import app
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from pathlib import Path

USED = {"input_tokens": 10, "output_tokens": 4}
COST = 10 * INPUT + 4 * OUTPUT

CALLS = """
import json, os, sys
import ferrule
arguments = json.loads(sys.argv[1])
client = ferrule.Client(**arguments["client"])
done = 0
print("ready", flush=True)
sys.stdin.readline()
while done < arguments["calls"]:
    try:
        if done % 2:
            client.complete("mine/priced", "Hello!", max_tokens=10, metadata={"team": "a"})
        else:
            with client.stream("mine/priced", "Hello!", max_tokens=10, metadata={"team": "b"}) as stream:
                list(stream)
    except (ferrule.BudgetExceededError, ferrule.RateLimitedError):
        break
    done += 1
    print("done", flush=True)
os._exit(0) if arguments.get("abrupt") else client.close()
"""


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def counted(simulator: Simulator) -> Simulator:
    """A simulator whose answers all report the same."""
    simulator.set_script([rule({"text": "Hello.", "usage": USED})])
    return simulator


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/state.db"


def start(simulator: Simulator, calls: int, **client: Any) -> subprocess.Popen[str]:
    arguments = json.dumps({"client": settings(simulator, **client), "calls": calls})
    return subprocess.Popen(
        [sys.executable, "-c", CALLS, arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def go(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def ended(process: subprocess.Popen[str]) -> int:
    """How many calls it made."""
    out, _ = process.communicate(timeout=60)
    return out.count("done\n")


def only(client: ferrule.Client) -> ferrule.BudgetStatus:
    (budget,) = client.status().budgets
    return budget


def test_a_budget_outlives_its_process(counted: Simulator, state: str) -> None:
    budgets: Any = {"all": {"amount": 1.0, "window": "total"}}
    for made in range(1, 4):
        with ferrule.Client(**settings(counted, state=state, budgets=budgets)) as client:
            client.complete(MODEL, "Hello!", max_tokens=10)
            assert (only(client).reported, only(client).reserved) == (made * COST, Decimal(0))
            assert only(client).left == 1 - made * COST


@pytest.mark.timeout(120)
def test_processes_that_are_killed_overspend_nothing_and_lose_nothing(counted: Simulator, state: str) -> None:
    amount = Decimal("2.0")
    budgets: Any = {"all": {"amount": float(amount), "window": "total", "max_wait": 1}}
    processes = [start(counted, 10_000, state=state, budgets=budgets) for _ in range(5)]
    go(processes)
    for process in processes[:3]:
        while len(counted.requests) < 30:
            time.sleep(0.01)
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    returned = sum(ended(process) for process in processes)
    assert [process.returncode for process in processes] == [-9, -9, -9, 0, 0]
    budget = {"all": {"amount": float(amount), "window": "total"}}
    with ferrule.Client(**settings(counted, state=state, budgets=budget)) as client:
        deadline = time.monotonic() + 30
        client.budget("all").top_up(0)
        while only(client).reserved:
            assert time.monotonic() < deadline, "what the dead held is never booked"
            time.sleep(0.2)
        found = only(client)
    answered = len(counted.requests)
    assert found.reported + found.estimated <= amount
    # What returned is booked; of the killed ones, what was being returned may be as well.
    assert returned * COST <= found.reported <= answered * COST
    assert found.reported % COST == 0
    assert found.reported + found.estimated >= answered * COST
    rows = json.loads(usage("--by", "metadata.team", "--json", "--state", state).stdout)
    assert sum(Decimal(row["cost"]) for row in rows) >= returned * COST
    assert returned <= sum(row["calls"] for row in rows) <= returned + 3
    assert {row["metadata.team"] for row in rows} == {"a", "b"}


def test_processes_keep_to_one_limit_together(counted: Simulator, state: str) -> None:
    limits: Any = {"all": {"requests_per_minute": 12, "when_full": "refuse"}}
    processes = [start(counted, 100, state=state, limits=limits) for _ in range(3)]
    go(processes)
    assert sum(ended(process) for process in processes) == 12
    assert most_within(counted.requests, 60) == 12


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_children_share_it(counted: Simulator, state: str) -> None:
    budgets: Any = {"all": {"amount": 1.0, "window": "total"}}
    program = """
import json, os, sys, warnings
import ferrule
warnings.simplefilter("ignore", DeprecationWarning)
client = ferrule.Client(**json.loads(sys.argv[1]))
client.complete("mine/priced", "Hello!", max_tokens=10)
children = []
for _ in range(4):
    child = os.fork()
    if not child:
        for _ in range(5):
            client.complete("mine/priced", "Hello!", max_tokens=10)
        client.close()
        os._exit(0)
    children.append(child)
    client.complete("mine/priced", "Hello!", max_tokens=10)
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
(budget,) = client.status().budgets
print(budget.reported, budget.reserved)
"""
    arguments = json.dumps(settings(counted, state=state, budgets=budgets))
    done = subprocess.run(
        [sys.executable, "-c", program, arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert [Decimal(one) for one in done.stdout.split()] == [25 * COST, 0]
    # It did not close its client: what it held came back at its exit all the same.
    with ferrule.Client(**settings(counted, state=state, budgets=budgets)) as client:
        client.complete(MODEL, "Hello!", max_tokens=10)
        assert (only(client).reported, only(client).reserved) == (26 * COST, Decimal(0))


def test_while_the_store_is_locked_the_policy_holds(counted: Simulator, state: str, tmp_path: Path) -> None:
    budgets: Any = {"all": {"amount": 1.0, "window": "total", "max_wait": 0.05}}
    for policy in ("local", "open", "closed"):
        arguments = settings(counted, state=state, budgets=budgets, on_state_loss=policy)
        with ferrule.Client(**arguments) as client:
            client.complete(MODEL, "Hello!", max_tokens=10)
            before = only(client).reported
            # In another process: locks of files do not hold within one.
            other = subprocess.Popen(
                [sys.executable, "-c", LOCK, str(tmp_path / "state.db")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            try:
                if policy == "open":
                    client.complete(MODEL, "Hello!", max_tokens=500)
                else:
                    with pytest.raises(ferrule.BudgetExceededError, match="does not answer"):
                        client.complete(MODEL, "Hello!", max_tokens=500)
            finally:
                other.communicate("\n")
            deadline = time.monotonic() + 10
            while only(client).reported != before + (COST if policy == "open" else 0):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            while True:
                try:
                    client.complete(MODEL, "Hello!", max_tokens=10)
                    break
                except ferrule.BudgetExceededError:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)


def test_where_it_cannot_be_opened_no_client_is_made(counted: Simulator, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is not a database, whatever its name says. " * 50, "utf-8")
    for path in (tmp_path / "nowhere" / "x.db", tmp_path / "text.db"):
        with pytest.raises(ferrule.ConfigError, match=f"state: {path} cannot be used"):
            ferrule.Client(**settings(counted, state=f"sqlite://{path}"))


def test_environment_and_file_say_where(counted: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_STATE", f"sqlite://{tmp_path}/of-environment.db")
    arguments = settings(counted)
    with ferrule.Client(**arguments) as client:
        client.complete(MODEL, "Hello!", max_tokens=10)
    assert json.loads(usage("--json").stdout)[0]["calls"] == 1
    monkeypatch.delenv("FERRULE_STATE")
    file = tmp_path / "ferrule.toml"
    file.write_text(f"state = 'sqlite://{tmp_path}/of-file.db'\nusage_days = 30\n", "utf-8")
    monkeypatch.setenv("FERRULE_CONFIG", str(file))
    arguments.pop("config")
    with ferrule.Client(**arguments) as client:
        client.complete(MODEL, "Hello!", max_tokens=10)
        client.complete(MODEL, "Hello!", max_tokens=10)
    assert json.loads(usage("--json").stdout)[0]["calls"] == 2


def usage(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["usage", *arguments], env={"NO_COLOR": "1", "COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result


def test_the_ledger_is_shown(counted: Simulator, state: str, tmp_path: Path) -> None:
    arguments = settings(counted, state=state, aliases={"quick": MODEL})
    with ferrule.Client(**arguments) as client:
        for team in ("a", "a", "b"):
            client.complete("quick", "Hello!", max_tokens=10, metadata={"team": team})
        with client.stream(MODEL, "Hello!") as stream:
            next(iter(stream))
        counted.set_script([rule(fault={"status": {"status": 400}})])
        with pytest.raises(ferrule.ProviderError):
            client.complete("mine/other", "Hello!")
    by_team = json.loads(usage("--by", "metadata.team", "--by", "group", "--json", "--state", state).stdout)
    shown = [(row["metadata.team"], row["group"], row["calls"], Decimal(row["cost"])) for row in by_team]
    assert (None, None) in [(team, group) for team, group, *_ in shown]
    assert ("a", "quick", 2, 2 * COST) in shown
    assert ("b", "quick", 1, COST) in shown
    found = list(csv.DictReader(io.StringIO(usage("--by", "model", "--csv", "--state", state).stdout)))
    rows = {row["model"]: row for row in found}
    assert rows["mine/priced"]["calls"] == "4"
    assert (rows["mine/other"]["calls"], rows["mine/other"]["failed"]) == ("1", "1")
    table = usage("--state", state, "--chart").stdout
    assert "mine/priced" in table
    assert "█" in table
    assert "all" in table
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert today in usage("--by", "day", "--state", state).stdout
    assert json.loads(usage("--until", "2020-01-01", "--json", "--state", state).stdout) == []
    assert json.loads(usage("--since", "1d", "--json", "--state", state).stdout)
    result = CliRunner().invoke(app, ["usage", "--by", "team", "--state", state])
    assert result.exit_code != 0
    if _has_pyarrow():
        import importlib

        pq: Any = importlib.import_module("pyarrow.parquet")
        usage("--parquet", str(tmp_path / "calls.parquet"), "--state", state)
        written = pq.read_table(tmp_path / "calls.parquet")
        assert written.num_rows == 5
        assert sum(cost for cost in written["cost"].to_pylist() if cost is not None) >= 3 * COST


def _has_pyarrow() -> bool:
    import importlib.util

    return importlib.util.find_spec("pyarrow") is not None


def test_no_secret_and_no_content_is_in_it(counted: Simulator, state: str, tmp_path: Path) -> None:
    canary = "sk-canary-0123456789"
    arguments = settings(counted, state=state, budgets={"all": {"amount": 1, "window": "total"}})
    arguments["providers"]["mine"]["api_key"] = canary
    with ferrule.Client(**arguments) as client:
        client.complete(MODEL, "prompt-canary", max_tokens=10)
        client.status()
        everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"mine" in everything
    for one in (canary, "prompt-canary", "Hello."):
        assert one.encode() not in everything
