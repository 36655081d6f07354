"""The `Blobs` port on files named by their SHA-256, with an index in SQLite; serving them is local/media.py's work.

A file is on the disk before its row is committed and goes after its row is deleted, so a crash leaves at most a
file that nobody names, which `sweep` removes.
"""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from volary.embedded.database import Database
from volary.embedded.keyfiles import fsync_folder, private_folder
from volary.embedded.links import Grant, Links, checked_bucket, checked_key
from volary.errors import Absent, Invalid
from volary.ports import BlobFacts, Bucket, Clock, PostForm

CHUNK = 1 << 20
MAX_PUT_BYTES = 512 << 20
MAX_LINK_SECONDS = 7 * 86_400  # what S3 allows
LEFTOVER_SECONDS = 3600
LIFETIMES: dict[Bucket, timedelta] = {"work": timedelta(days=31)}  # a held clip may wait 30 days for a moderator


@dataclass(frozen=True)
class FileBlobs:
    folder: Path
    database: Database
    links: Links
    clock: Clock

    def put(self, bucket: Bucket, key: str, data: bytes, content_type: str) -> None:
        self._store(bucket, key, (data,), content_type)

    def get(self, bucket: Bucket, key: str) -> bytes:
        try:
            return self.path(bucket, key).read_bytes()
        except FileNotFoundError as problem:  # deleted between the look-up and the read
            raise Absent(f"there is no file {key!r} in {bucket}") from problem

    def facts(self, bucket: Bucket, key: str) -> BlobFacts | None:
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT size, content_type FROM blobs WHERE bucket = ? AND key = ?", (bucket, key)
            ).fetchone()
        return None if row is None else BlobFacts(row["size"], row["content_type"])

    def delete(self, bucket: Bucket, key: str) -> None:
        if self.facts(bucket, key) is None:
            return  # most deletions are of what is not there, and reading costs a hundredth of writing
        with self.database.transaction() as connection:
            row = connection.execute(
                "DELETE FROM blobs WHERE bucket = ? AND key = ? RETURNING digest", (bucket, key)
            ).fetchone()
        if row is not None:
            self._forget(row["digest"])

    def download(self, bucket: Bucket, key: str, path: Path) -> None:
        try:
            shutil.copyfile(self.path(bucket, key), path)
        except FileNotFoundError as problem:
            raise Absent(f"there is no file {key!r} in {bucket}") from problem

    def upload(self, bucket: Bucket, key: str, path: Path, content_type: str) -> None:
        with path.open("rb") as file:
            self._store(bucket, key, iter(lambda: file.read(CHUNK), b""), content_type)

    def get_link(self, bucket: Bucket, key: str, *, seconds: int, judged: str = "") -> str:
        """`judged` is what `volary.judged` spells: the link ends when any of it is barred."""
        return self.links.url(Grant("GET", bucket, checked_key(key), self._until(seconds), judged=judged))

    def put_link(self, bucket: Bucket, key: str, *, content_type: str, seconds: int) -> str:
        until = self._until(seconds)
        return self.links.url(Grant("PUT", bucket, checked_key(key), until, content_type, MAX_PUT_BYTES))

    def post_form(self, bucket: Bucket, key: str, *, content_type: str, max_bytes: int, seconds: int) -> PostForm:
        grant = Grant("POST", bucket, checked_key(key), self._until(seconds), content_type, max_bytes)
        # All of the grant is in the address, so that the media server knows it before it reads the body.
        return PostForm(self.links.url(grant), {})

    def path(self, bucket: Bucket, key: str) -> Path:
        """Where the file lies, for reading; raises Absent."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT digest FROM blobs WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
        if row is None:
            raise Absent(f"there is no file {key!r} in {bucket}")
        return self._place(row["digest"])

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A private path to write a file to before it is stored; it is gone afterwards."""
        path = private_folder(self.folder / "incoming") / secrets.token_hex(16)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Delete files past their bucket's lifetime and files that nobody names; returns how many it found."""
        now, gone = self.clock.now().timestamp(), 0
        for bucket, lifetime in LIFETIMES.items():
            with self.database.reading() as connection:
                rows = connection.execute(
                    "SELECT key FROM blobs WHERE bucket = ? AND stored_at < ?",
                    (bucket, now - lifetime.total_seconds()),
                ).fetchall()
            for row in rows:
                self.delete(bucket, row["key"])
                gone += 1
        return gone + sum(self._forget(path.name) for path in self._old_files())

    def _old_files(self) -> Iterator[Path]:
        # The age of a file is the file system's business, not the home's clock's.
        limit = time.time() - LEFTOVER_SECONDS
        for path in self.folder.glob("??/*"):
            if path.stat().st_mtime < limit:
                yield path
        for path in self.folder.glob("incoming/*"):
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)

    def _store(self, bucket: Bucket, key: str, chunks: Iterable[bytes], content_type: str) -> None:
        checked_bucket(bucket)
        checked_key(key)
        with self.incoming() as fresh:
            digest, size = _written(fresh, chunks)
            place = self._place(digest)
            private_folder(place.parent)
            with self.database.transaction() as connection:
                # Inside the transaction, so that _forget cannot take the file between the two steps.
                fresh.rename(place)
                fsync_folder(place.parent)
                old = connection.execute(
                    "SELECT digest FROM blobs WHERE bucket = ? AND key = ?", (bucket, key)
                ).fetchone()
                connection.execute(
                    "REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?)",
                    (bucket, key, digest, size, content_type, self.clock.now().timestamp()),
                )
        if old is not None and old["digest"] != digest:
            self._forget(old["digest"])

    def _forget(self, digest: str) -> bool:
        """Remove the file when no row names it any more."""
        with self.database.transaction() as connection:
            if connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,)).fetchone() is not None:
                return False
            self._place(digest).unlink(missing_ok=True)
            return True

    def _place(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def _until(self, seconds: int) -> int:
        if not 0 < seconds <= MAX_LINK_SECONDS:
            raise Invalid(f"a link lives from 1 to {MAX_LINK_SECONDS} seconds, not {seconds}")
        return int(self.clock.now().timestamp()) + seconds


def _written(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size
