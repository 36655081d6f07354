"""The queue of calls to the media server: a call is there until its answer has been handed over."""

from dataclasses import dataclass
from typing import Any

from events.bus import ModelAnswered
from events.inference import REQUEST, Late, Request
from volary.embedded.database import Database
from volary.ports import Clock

KEPT_SECONDS = 86_400.0  # how long the id of a finished call is remembered, so that it is not queued again


@dataclass(frozen=True)
class ModelCall:
    """One call that is being made or handed over; `tries` counts this time."""

    call_id: str
    tries: int
    request: Request


@dataclass(frozen=True)
class HandOver:
    """An answer that its function has not taken yet; `tries` counts this time."""

    answer: ModelAnswered
    tries: int


@dataclass(frozen=True)
class ModelCalls:
    """A call goes from queued to running to answered to done, or is dropped."""

    database: Database
    clock: Clock

    def add(self, call_id: str, request: Late) -> None:
        """Queue a call; one with the same id that is known changes nothing."""
        self._execute(
            "INSERT INTO model_calls (call_id, request, status, tries, due_at) VALUES (?, ?, 'queued', 0, ?) "
            "ON CONFLICT DO NOTHING",
            (call_id, request.model_dump_json(), self._now()),
        )

    def take(self) -> ModelCall | None:
        """The oldest queued call that is due, now running; None when there is none."""
        row = self._take("queued", "running")
        return None if row is None else ModelCall(row["call_id"], row["tries"], REQUEST.validate_json(row["request"]))

    def postpone(self, call_id: str, seconds: float) -> None:
        """Queue a running call again, for `seconds` from now."""
        self._execute(
            "UPDATE model_calls SET status = 'queued', due_at = ? WHERE call_id = ? AND status = 'running'",
            (self._now() + seconds, call_id),
        )

    def answered(self, answer: ModelAnswered) -> None:
        """Keep the answer to a running call until it is handed over."""
        self._execute(
            "UPDATE model_calls SET status = 'answered', tries = 0, due_at = ?, answer = ? "
            "WHERE call_id = ? AND status = 'running'",
            (self._now(), answer.model_dump_json(), answer.call_id),
        )

    def take_answer(self) -> HandOver | None:
        """An answer to hand over now; None when there is none."""
        row = self._take("answered", "delivering")
        return None if row is None else HandOver(ModelAnswered.model_validate_json(row["answer"]), row["tries"])

    def retry_answer(self, call_id: str, seconds: float) -> None:
        self._execute(
            "UPDATE model_calls SET status = 'answered', due_at = ? WHERE call_id = ?",
            (self._now() + seconds, call_id),
        )

    def finish(self, call_id: str) -> None:
        """Forget what was asked and answered; the words of a prompt have no business here any longer."""
        self._execute(
            "UPDATE model_calls SET status = 'done', due_at = ?, request = '', answer = NULL WHERE call_id = ?",
            (self._now(), call_id),
        )

    def waiting(self) -> list[str]:
        """Calls whose answer is still to come."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT call_id FROM model_calls WHERE status IN ('queued', 'running') ORDER BY number"
            ).fetchall()
        return [row["call_id"] for row in rows]

    def recover(self) -> None:
        """Take over from a worker that is gone."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE model_calls SET status = 'queued' WHERE status = 'running'")
            connection.execute("UPDATE model_calls SET status = 'answered' WHERE status = 'delivering'")

    def next_due(self) -> float | None:
        """When the next answer is to be handed over, in epoch seconds."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT min(due_at) AS at FROM model_calls WHERE status = 'answered'").fetchone()
        return None if row["at"] is None else float(row["at"])

    def counts(self) -> dict[str, int]:
        with self.database.reading() as connection:
            rows = connection.execute("SELECT status, count(*) AS n FROM model_calls GROUP BY status").fetchall()
        return {row["status"]: row["n"] for row in rows}

    def sweep(self) -> None:
        self._execute("DELETE FROM model_calls WHERE status = 'done' AND due_at < ?", (self._now() - KEPT_SECONDS,))

    def _take(self, status: str, following: str) -> Any:
        with self.database.transaction() as connection:
            return connection.execute(
                "UPDATE model_calls SET status = ?, tries = tries + 1 WHERE number = (SELECT number FROM model_calls "
                "WHERE status = ? AND due_at <= ? ORDER BY number LIMIT 1) RETURNING *",
                (following, status, self._now()),
            ).fetchone()

    def _execute(self, sql: str, values: tuple[Any, ...]) -> None:
        with self.database.transaction() as connection:
            connection.execute(sql, values)

    def _now(self) -> float:
        return self.clock.now().timestamp()
