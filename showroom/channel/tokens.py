"""Who may come in: short-lived signed tokens (JWT, RFC 7519), the static token, or anybody.

A token names a role and may name one visit. It is signed with HMAC-SHA-256, with Ed25519
(RFC 8037), or by an OpenID Connect provider whose public keys are at hand (RFC 7517); which of them
is the key's to say and never the token's. The server only verifies: but for HMAC it needs no more
than public keys.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from showroom.protocol.errors import ProtocolError

from .settings import ChannelError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from jwt import PyJWKSet

Role = Literal["visitor", "artist", "shop", "operator"]
Power = Literal["visit", "assets", "metrics", "watch"]
Algorithm = Literal["HS256", "EdDSA", "JWKS"]
PUBLIC = ("RS256", "ES256", "EdDSA")
"""What a provider's keys may be for; a shared secret has no place among public keys."""

POWERS: dict[Role, frozenset[Power]] = {
    "visitor": frozenset(("visit", "assets")),
    "artist": frozenset(("visit", "assets")),
    "shop": frozenset(("visit", "assets")),
    "operator": frozenset(("visit", "assets", "metrics", "watch")),
}
"""What each role may do; ``watch``: look on at any visit without its key."""

AUDIENCE = "showroom"
ISSUER = "showroom"
LEEWAY = 10.0
"""Seconds by which the clocks of who issues and who verifies may differ."""

MAX_MINUTES = 24 * 60.0
MIN_SECRET_BYTES = 32
"""Of an HMAC key: as many as its hash has (RFC 7518, 3.2)."""

_VISIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WANTED = "a valid token from the operator"


class TokenError(ChannelError):
    """A key cannot be used, or a token not be issued as asked."""

    code = "token"


@dataclass(frozen=True)
class Grant:
    """What somebody may do.

    Attributes:
        visit: the only visit that it is good for; "" for any.
    """

    role: Role
    visit: str = ""

    def may(self, power: Power) -> bool:
        """Whether the role has a power."""
        return power in POWERS[self.role]


EVERYTHING = Grant("operator")
"""What everybody may where nothing guards the door: it is on this machine only."""


@dataclass(frozen=True)
class TokenKey:
    """A key that verifies tokens and, unless it is a public one, issues them.

    Raises:
        TokenError: from :meth:`load`, :meth:`make` and :meth:`issue`.
    """

    algorithm: Algorithm
    _key: bytes | Ed25519PrivateKey | Ed25519PublicKey | PyJWKSet = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> TokenKey:
        """Read a key: Ed25519 as PEM, private or public; an identity provider's public keys as a
        JSON Web Key Set (RFC 7517; RS256, ES256 or EdDSA); anything else is an HMAC secret.
        """
        import jwt  # noqa: F401  (a server that cannot verify must not start)

        try:
            data = path.read_bytes().strip()
        except OSError as error:
            raise TokenError(
                f"the key {path} cannot be read: {error.strerror or error}", field="key"
            ) from error
        if data.startswith(b"-----BEGIN"):
            return cls("EdDSA", _read_pem(path, data))
        if data.startswith(b"{"):
            return cls("JWKS", _read_jwks(path, data))
        if len(data) < MIN_SECRET_BYTES:
            raise TokenError(
                "the key is too short; make one with: showroom token --new-key FILE",
                field="key",
                expected=f"at least {MIN_SECRET_BYTES} bytes, or an Ed25519 key as PEM",
                got=f"{len(data)} bytes",
            )
        return cls("HS256", data)

    @classmethod
    def make(cls, path: Path, algorithm: Algorithm = "HS256") -> TokenKey:
        """Make a new key in a file of its own; the public one of a pair as ``<name>.pub``."""
        if algorithm == "HS256":
            _write_new(path, secrets.token_hex(MIN_SECRET_BYTES).encode() + b"\n", 0o600)
            return cls.load(path)
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _write_new(path, private, 0o600)
        _write_new(path.with_name(path.name + ".pub"), public, 0o644)
        return cls("EdDSA", key)

    def issue(
        self, role: Role, *, visit: str = "", minutes: float = 15.0, now: float | None = None
    ) -> str:
        """A token that is good for ``minutes`` from ``now`` (seconds since 1970, or the clock)."""
        import jwt

        for name, good, expected, got in (
            ("role", role in POWERS, ", ".join(POWERS), str(role)),
            ("visit", not visit or _VISIT.fullmatch(visit), "letters, digits, . _ -", visit),
            ("minutes", 0.0 < minutes <= MAX_MINUTES, f"up to {MAX_MINUTES:g}", f"{minutes:g}"),
            ("key", not self._is_public(), "a private key, which can sign", "a public key"),
        ):
            if not good:
                raise TokenError(
                    f"no token is issued with that {name}", field=name, expected=expected, got=got
                )
        issued = int(time.time() if now is None else now)
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + max(1, round(minutes * 60)),
            "jti": secrets.token_urlsafe(12),
            "role": role,
        }
        if visit:
            claims["visit"] = visit
        return jwt.encode(claims, cast(Any, self._key), algorithm=self.algorithm)

    def verify(self, token: str, *, ref: str = "") -> Grant:
        """What a token grants.

        Signature first: of a forged token nothing else is said.

        Raises:
            ProtocolError: ``token_forged``, ``token_expired``, ``token_audience`` or
                ``token_scope``; none of them repeats the token.
        """
        import jwt

        def refused(
            code: str, message: str, expected: str = _WANTED, got: str = ""
        ) -> ProtocolError:
            return ProtocolError(
                code, message, field="token", expected=expected, got=got or "another", ref=ref
            )

        try:
            key, algorithm = self._verifier(token)
            claims = jwt.decode(
                token,
                cast(Any, key),
                algorithms=[algorithm],
                audience=AUDIENCE,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise refused(
                "token_expired", "the token has expired; get a new one", got="an expired one"
            ) from None
        except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError) as error:
            if isinstance(error, jwt.MissingRequiredClaimError) and error.claim != "aud":
                raise refused(
                    "token_scope", "the token lacks a claim", error.claim, "none"
                ) from None
            raise refused(
                "token_audience", "the token is for another service", f"audience {AUDIENCE}"
            ) from None
        except jwt.ImmatureSignatureError:
            raise refused(
                "token_expired", "the token is not good yet; see to the clocks", got="a later one"
            ) from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise refused("token_forged", "the token is not of this server's key") from None
        role, visit = claims.get("role"), claims.get("visit", "")
        if role not in get_args(Role):
            raise refused("token_scope", "the token has no role of ours", ", ".join(POWERS))
        if not isinstance(visit, str) or (visit and not _VISIT.fullmatch(visit)):
            raise refused("token_scope", "the token's visit is no visit's name")
        if int(claims["exp"]) - int(claims["iat"]) > MAX_MINUTES * 60.0:
            raise refused(
                "token_scope", "the token is good for too long", f"at most {MAX_MINUTES:g} minutes"
            )
        return Grant(cast(Role, role), visit)

    def _is_public(self) -> bool:
        return not isinstance(self._key, bytes) and not hasattr(self._key, "public_key")

    def _verifier(self, token: str) -> tuple[object, str]:
        """The key that a token must be signed with, and how: the key says so, not the token."""
        if self.algorithm == "JWKS":
            import jwt

            keys = cast("PyJWKSet", self._key).keys
            name = jwt.get_unverified_header(token).get("kid")
            key = next((k for k in keys if k.key_id == name), None)
            if name is None and len(keys) == 1:
                key = keys[0]
            if key is None:
                raise jwt.InvalidKeyError("no such key")
            return key.key, key.algorithm_name
        public = self._key.public_key() if hasattr(self._key, "public_key") else self._key
        return public, self.algorithm


class Door:
    """Lets in who has a token, where there is one to have.

    Args:
        token: the static one; "" for none.
        key: verifies signed ones; None for none. With both, either will do, the static one as a
            visitor's.
    """

    def __init__(self, token: str = "", key: TokenKey | None = None) -> None:
        self._token = token
        self._key = key

    @property
    def guarded(self) -> bool:
        """Whether a token is asked for at all."""
        return bool(self._token) or self._key is not None

    @property
    def signed(self) -> bool:
        """Whether roles are told apart."""
        return self._key is not None

    def admit(self, token: str, *, ref: str = "") -> Grant:
        """What somebody with this token may do.

        Raises:
            ProtocolError: ``unauthorized``, or as :meth:`TokenKey.verify`.
        """
        if not self.guarded:
            return EVERYTHING
        if self._token and same_secret(token, self._token):
            return Grant("visitor")
        if token and self._key is not None:
            return self._key.verify(token, ref=ref)
        raise ProtocolError(
            "unauthorized",
            "the token is missing or wrong",
            field="token",
            expected="the token that the operator gave out",
            got="another" if token else "none",
            ref=ref,
        )


def same_secret(given: str, wanted: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), wanted.encode())


def _read_jwks(path: Path, data: bytes) -> PyJWKSet:
    import jwt

    try:
        keys = jwt.PyJWKSet.from_json(data.decode())
        wrong = [key.algorithm_name for key in keys.keys if key.algorithm_name not in PUBLIC]
        wrong += ["a private key" for key in json.loads(data)["keys"] if "d" in key]
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise TokenError(
            f"{path} is no set of keys: {error}", field="key", expected="a JSON Web Key Set"
        ) from None
    if wrong:
        raise TokenError(
            f"{path} holds a key that does not do",
            field="key",
            expected=f"public keys for {', '.join(PUBLIC)}",
            got=", ".join(wrong),
        )
    return keys


def _read_pem(path: Path, data: bytes) -> Ed25519PrivateKey | Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    try:
        if b"PRIVATE" in data.splitlines()[0]:
            key: object = serialization.load_pem_private_key(data, None)
        else:
            key = serialization.load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TokenError(f"the key {path} cannot be used: {error}", field="key") from None
    if not isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        raise TokenError(
            f"the key {path} is of another kind",
            field="key",
            expected="Ed25519",
            got=type(key).__name__,
        )
    return key


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is not there yet."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        raise TokenError(
            f"the key {path} cannot be written: {error.strerror or error}", field="new_key"
        ) from error
