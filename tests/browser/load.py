"""`python -m tests.browser.load --cases 10000`: how long a page of a long queue takes, over HTTP and in Chromium."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.browser.desk import many, running

MOST_MS = 200.0


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a page of the reviewers' queue.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as desk:
        many(desk, args.cases)
        headers = {"authorization": f"Bearer {desk.tokens['mo']}"}
        spent, after = [], None
        with httpx.Client(base_url=desk.address, headers=headers, timeout=60) as client:
            for _ in range(args.pages):
                started = time.perf_counter()
                asked = {"limit": 50, **({"after": after} if after else {})}
                page = client.get("/v1/moderation/queue", params=asked).raise_for_status().json()
                spent.append((time.perf_counter() - started) * 1000)
                after = page["last_id"] if page["has_more"] else None
    spent.sort()
    p95 = spent[int(len(spent) * 0.95) - 1]
    told = f"{args.cases} open cases, pages of 50: median {statistics.median(spent):.0f} ms, p95 {p95:.0f} ms"
    print(f"{told}, most {spent[-1]:.0f} ms")
    return 0 if p95 <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
