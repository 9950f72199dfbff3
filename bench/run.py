"""Benchmarks: what an operation costs, as a ratio to a yardstick measured in the same run.

    make bench                                        all rows
    .venv/bin/python -m bench.run --row list-templates --runs 25

Ours and the yardstick run in turn, and the medians are compared, so a slow or busy machine changes both. A row
that is more than a fifth over its budget is measured again; over three times in three, the run exits 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.host import Host
from bench.rows import ROWS, Result, Row

TRIES = 3


def main() -> int:
    """Measure the rows asked for and print the table; 1 when a row stays over its budget."""
    parser = argparse.ArgumentParser("python -m bench.run", description="Costs, as ratios to a yardstick.")
    parser.add_argument("--row", action="append", choices=ROWS, help="measure only this row; may be repeated")
    parser.add_argument("--runs", type=int, default=15, help="runs of each command per measurement (default: 15)")
    options = parser.parse_args()
    names = options.row or list(ROWS)
    width = max(map(len, names))
    print(f"{'ROW':{width}}  {'COST':>12}  {'BUDGET':>12}         DETAIL")
    over = False
    with tempfile.TemporaryDirectory(prefix="ohf-bench-") as folder:
        host = Host(Path(folder))
        try:
            for name in names:
                try:
                    result = measured(ROWS[name], host, options.runs)
                except AssertionError as error:
                    over = True
                    print(f"{name:{width}}  cannot be measured: {error}", flush=True)
                    continue
                over = over or result.over
                cost, budget = (f"{number:.4g} {result.unit}" for number in (result.cost, result.budget))
                print(f"{name:{width}}  {cost:>12}  {budget:>12}  {verdict(result):5}  {result.detail}", flush=True)
        finally:
            host.close()
    return int(over)


def measured(row: Row, host: Host, runs: int) -> Result:
    """The row's result: the first that is not over its budget, else the last of three."""
    result = row(host, runs)
    for _ in range(TRIES - 1):
        if not result.over or result.exact:
            break
        result = row(host, runs)
    return result


def verdict(result: Result) -> str:
    """`ok`, `near` (over, by less than a fifth: a busy machine may do that) or `OVER`."""
    if result.over:
        return "OVER"
    return "ok" if result.cost <= result.budget else "near"


if __name__ == "__main__":
    sys.exit(main())
