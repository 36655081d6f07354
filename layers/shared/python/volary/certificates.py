"""X.509 certificates for the C2PA signing key, in the profile that C2PA validators demand; it stores no key.

For both homes: `volary.embedded` keeps the authority's key beside its signing key; the cloud home issues from a
public key that KMS gave out, since the leaf's private key is never needed here. An authority of one's own makes
a manifest "Valid" everywhere and "Trusted" only for those who chose to trust it: it is not on C2PA's trust list.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# C2PA's own purpose for claim signing. c2pa-rs 0.91 refuses a leaf that has only this one, hence e-mail protection
# beside it.
CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
ORGANISATION = "Volary, self-hosted"
AUTHORITY_DAYS = 3650
LEAF_DAYS = 825
# A clock that is a little behind must not find the certificate not yet valid.
_SLACK = timedelta(minutes=10)


class Authority(NamedTuple):
    """A certificate authority that this home made for itself."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def authority(name: str, now: datetime) -> Authority:
    """A fresh P-256 authority named `name`, good for ten years and able to issue leaves only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Authority(key, builder.sign(key, hashes.SHA256()))


def issue(issuer: Authority, public_key: ec.EllipticCurvePublicKey, name: str, now: datetime) -> x509.Certificate:
    """A certificate that lets the holder of `public_key` sign C2PA claims."""
    builder = _builder(_name(name), issuer.certificate.subject, public_key, now, LEAF_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    purposes = x509.ExtendedKeyUsage([CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    builder = builder.add_extension(purposes, critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return builder.add_extension(identifier, critical=False).sign(issuer.key, hashes.SHA256())


def chain(leaf: x509.Certificate, issuer: Authority) -> str:
    """The PEM chain, leaf first, as `Keys.certificates` answers it."""
    encoding = serialization.Encoding.PEM
    return (leaf.public_bytes(encoding) + issuer.certificate.public_bytes(encoding)).decode()


def anchor(pem_chain: str) -> str:
    """The last certificate of a PEM chain: the one a validator must trust."""
    last = x509.load_pem_x509_certificates(pem_chain.encode())[-1]
    return last.public_bytes(serialization.Encoding.PEM).decode()


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(identifier, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
