"""What the dashboards draw: backlog by age, decisions, overturned ones, and how far models and people agree."""

from datetime import UTC, datetime, timedelta
from typing import Any

from volary.ports import Services
from volary.stores.reviews import Reviews

DAYS = 14


def figures(services: Services, days: int = DAYS) -> dict[str, Any]:
    """Counts of the last days, oldest first; rates are None where nothing was counted."""
    store, today = Reviews(services.items), services.clock.now().astimezone(UTC).date()
    listed = [(today - timedelta(days=back)).isoformat() for back in reversed(range(days))]
    counts = {day: store.counts(day) for day in listed}
    backlog = store.backlog()
    total: dict[str, int] = {}
    for each in counts.values():
        for name, value in each.items():
            total[name] = total.get(name, 0) + value
    return {
        "days": listed,
        "opened": [counts[day].get("opened", 0) for day in listed],
        "decided": [counts[day].get("decided", 0) for day in listed],
        "late": [counts[day].get("late", 0) for day in listed],
        "actions": _named(total, "decided."),
        "kinds": _named(total, "opened."),
        "backlog": sum(backlog.values()),
        "backlog_by_age": _ages(backlog, today.isoformat()),
        "overturned": _share(total.get("overturned", 0), total.get("decided.uphold", 0) + total.get("overturned", 0)),
        "model_agreement": _share(
            total.get("model.agreed", 0), total.get("model.agreed", 0) + total.get("model.denied", 0)
        ),
        "sample_agreement": _share(
            total.get("sample.agreed", 0), total.get("sample.agreed", 0) + total.get("sample.denied", 0)
        ),
        "undone": total.get("undone", 0),
    }


def _named(total: dict[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): value for name, value in sorted(total.items()) if name.startswith(prefix)}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _ages(backlog: dict[str, int], today: str) -> dict[str, int]:
    """How many wait since today, yesterday, two to seven days, and longer."""
    found = {"today": 0, "yesterday": 0, "2-7 days": 0, "longer": 0}
    for day, count in backlog.items():
        old = (datetime.fromisoformat(today) - datetime.fromisoformat(day)).days
        name = "today" if old <= 0 else "yesterday" if old == 1 else "2-7 days" if old <= 7 else "longer"
        found[name] += count
    return found
