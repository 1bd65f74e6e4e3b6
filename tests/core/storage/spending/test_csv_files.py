"""The ledger as files: no digit is lost, and nothing in it is run by a spreadsheet."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

from rerank_core.models import Cost
from rerank_core.pricing.allowance import Allowance, PaidCall
from rerank_core.storage.spending.csv_files import calls_csv, days_csv
from rerank_core.storage.spending.store import SpendingStore

TINY = Decimal("0.000000000000000001")


def rows(data: bytes) -> list[dict[str, str]]:
    """The rows of a file."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_files_of_the_ledger(tmp_path: Path) -> None:
    """Every call with all of its digits, and what each day came to; a name that looks like a formula is a text."""
    with SpendingStore(tmp_path / "spending.sqlite3") as store:
        evil = PaidCall("=cmd()@example.org", "gateflow", "+m", "Playground", "run1")
        store.settle(store.reserve(evil, Decimal(1), Allowance()), Cost(Decimal("0.1") + TINY))
        store.settle(store.reserve(evil, Decimal("0.5"), Allowance()), None)
        store.settle(store.reserve(evil, None, Allowance()), Cost(None))
        calls, days = rows(calls_csv(store.calls())), rows(days_csv(store.days()))
    assert [(row["state"], row["cost"], row["may_be_billed_besides"], row["set_aside"]) for row in calls] == [
        ("unknown", "", "0", ""),
        ("in doubt", "", "0.5", "0.5"),
        ("billed", "0.100000000000000001", "0", "1"),
    ]
    assert {(row["who"], row["model"]) for row in [*calls, *days]} == {("'=cmd()@example.org", "'+m")}
    (day,) = days
    assert (day["calls"], day["cost"], day["may_be_billed_besides"], day["calls_of_unknown_cost"]) == (
        "3",
        "0.100000000000000001",
        "0.5",
        "1",
    )
