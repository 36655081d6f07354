"""Answers for Cognito's key address, which the emulator signs for but does not own: a proxy that ends TLS for one host.

Functions reach it as any program reaches a proxy, by HTTPS_PROXY and SSL_CERT_FILE, so the product's own fetch and its
check of the certificate run unchanged. Every other host is refused: no function of ours calls one.
"""

import http.client
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.rehearse.emulator import REGION, free_port

HOST = f"cognito-idp.{REGION}.amazonaws.com"
MOST_BYTES = 16_384


@dataclass(frozen=True)
class Issuer:
    """`certificate` is a PEM file with the certificate that the proxy shows and its key."""

    certificate: Path
    emulator_port: int
    port: int

    def environment(self) -> dict[str, str]:
        """What functions need in order to come here."""
        return {"HTTPS_PROXY": f"http://127.0.0.1:{self.port}", "SSL_CERT_FILE": str(self.certificate)}


def prepared(folder: Path, emulator_port: int) -> Issuer:
    """An issuer with a fresh certificate in `folder`; it does not listen yet."""
    path = folder / "issuer.pem"
    path.write_bytes(_certificate())
    path.chmod(0o600)
    return Issuer(path, emulator_port, free_port())


@contextmanager
def answering(issuer: Issuer) -> Iterator[None]:
    """Listen until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issuer.certificate)

    class Tunnel(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            _serve(self.request, context, issuer.emulator_port)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", issuer.port), Tunnel)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _serve(plain: socket.socket, context: ssl.SSLContext, emulator_port: int) -> None:
    if _head(plain).split(b" ")[:2] != [b"CONNECT", f"{HOST}:443".encode()]:
        plain.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        return
    plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with context.wrap_socket(plain, server_side=True) as secure:
        path = _head(secure).split(b" ")[1].decode()
        status, body = _fetched(path, emulator_port)
        head = f"HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        secure.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)


def _head(connection: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read and len(read) < MOST_BYTES:
        part = connection.recv(4096)
        if not part:
            break
        read += part
    return read


def _fetched(path: str, emulator_port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator_port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _certificate() -> bytes:
    """A certificate for `HOST` that signs itself, good for a day, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM) + secret
