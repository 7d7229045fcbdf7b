"""Signed tokens: who gets in with which, and what each refusal says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request

import jwt
import pytest
from channel_toys import GLB, HASH, make_toy
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import get_default_algorithms

from showroom.channel.async_client import AsyncClient
from showroom.channel.client import Client
from showroom.channel.host import VisitHost
from showroom.channel.run import ServerThread
from showroom.channel.settings import ChannelError, ServerSettings
from showroom.channel.tokens import AUDIENCE, Door, Grant, TokenError, TokenKey
from showroom.cli import main
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Hello, Utterance

ALGORITHMS = get_default_algorithms()
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(params=["HS256", "EdDSA"])
def pair(request, tmp_path) -> tuple[TokenKey, TokenKey]:
    """The key that issues, and the one that the server verifies with."""
    TokenKey.make(tmp_path / "key", request.param)
    public = tmp_path / ("key.pub" if request.param == "EdDSA" else "key")
    return TokenKey.load(tmp_path / "key"), TokenKey.load(public)


def refusal(key: TokenKey, token: str) -> str:
    with pytest.raises(ProtocolError) as caught:
        key.verify(token, ref="h")
    error = caught.value
    assert (error.field, error.ref) == ("token", "h")
    assert token[-20:] not in str(error) or not token
    return error.code


def test_a_token_says_role_and_visit(pair):
    issuer, server = pair
    assert server.verify(issuer.issue("visitor", visit="anna-1")) == Grant("visitor", "anna-1")
    assert server.verify(issuer.issue("operator")) == Grant("operator", "")
    assert issuer.verify(issuer.issue("shop")).role == "shop"


def test_an_expired_token_says_so_and_only_to_who_has_a_real_one(pair, tmp_path):
    issuer, server = pair
    old = issuer.issue("visitor", minutes=1.0, now=time.time() - 120.0)
    assert refusal(server, old) == "token_expired"
    other = TokenKey.make(tmp_path / "other", issuer.algorithm)
    forged = other.issue("visitor", minutes=1.0, now=time.time() - 120.0)
    assert refusal(server, forged) == "token_forged"
    assert refusal(server, issuer.issue("visitor", now=time.time() + 600.0)) == "token_expired"


def part(data: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def test_forged_tokens_are_refused(pair):
    issuer, server = pair
    head, claims, signature = issuer.issue("visitor").split(".")
    more = jwt.decode(f"{head}.{claims}.{signature}", options={"verify_signature": False})
    risen = part(more | {"role": "operator"})
    for token in (
        f"{head}.{risen}.{signature}",
        f"{part({'alg': 'none'})}.{risen}.",
        f"{head}.{claims}.",
        f"{head}.{claims}",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        "a.b.c",
        "…",
        "\ud800",
        "[" * 4000,
        "." * 4000,
    ):
        assert refusal(server, token) == "token_forged", token


def test_a_public_key_is_no_secret(tmp_path):
    """The public PEM as HMAC secret is an old trick; the key says the algorithm, not the token."""
    TokenKey.make(tmp_path / "key", "EdDSA")
    pem = (tmp_path / "key.pub").read_bytes()
    server = TokenKey.load(tmp_path / "key.pub")
    now = int(time.time())
    claims = {"aud": AUDIENCE, "iat": now, "exp": now + 60, "role": "operator"}
    head = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    mac = hmac.new(pem, head.encode(), hashlib.sha256).digest()
    forged = f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert refusal(server, forged) == "token_forged"
    with pytest.raises(TokenError, match="private"):
        server.issue("visitor")


def provider(tmp_path, *keys: tuple[str, object, str]) -> TokenKey:
    """The public keys of an identity provider, by name and algorithm, as a server reads them."""
    rows = []
    for name, key, algorithm in keys:
        row = json.loads(ALGORITHMS[algorithm].to_jwk(key.public_key()))
        rows.append(row | {"kid": name, "alg": algorithm, "use": "sig"})
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": rows}))
    return TokenKey.load(file)


def test_an_identity_providers_tokens_are_verified_by_its_public_keys(tmp_path):
    old = rsa.generate_private_key(65537, 2048)
    new = ec.generate_private_key(ec.SECP256R1())
    server = provider(tmp_path, ("2025", old, "RS256"), ("2026", new, "ES256"))
    now = int(time.time())
    claims = {"aud": AUDIENCE, "iat": now, "exp": now + 60, "role": "visitor", "visit": "anna-1"}

    def signed(key, algorithm: str, name: str, **more) -> str:
        return jwt.encode(claims | more, key, algorithm=algorithm, headers={"kid": name})

    assert server.verify(signed(old, "RS256", "2025")) == Grant("visitor", "anna-1")
    assert server.verify(signed(new, "ES256", "2026", role="operator", visit="")).role == "operator"
    assert refusal(server, signed(old, "RS256", "2026")) == "token_forged"
    assert refusal(server, signed(old, "RS256", "2024")) == "token_forged"
    assert refusal(server, signed(old, "PS256", "2025")) == "token_forged"
    assert refusal(server, signed("x" * 32, "HS256", "2025")) == "token_forged"
    stranger = rsa.generate_private_key(65537, 2048)
    assert refusal(server, signed(stranger, "RS256", "2025")) == "token_forged"
    assert refusal(server, signed(old, "RS256", "2025", exp=now - 60)) == "token_expired"
    assert refusal(server, signed(old, "RS256", "2025", role="admin")) == "token_scope"
    with pytest.raises(TokenError, match="private"):
        server.issue("visitor")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "d": "AAAA", "x": "AAAA", "alg": "EdDSA"}]}',
        "{" * 5000,
    ],
)
def test_a_set_of_keys_that_does_not_do_is_refused(tmp_path, text):
    file = tmp_path / "jwks.json"
    file.write_text(text)
    with pytest.raises(TokenError):
        TokenKey.load(file)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aud": "elsewhere"}, "token_audience"),
        ({"aud": None}, "token_audience"),
        ({"exp": None}, "token_scope"),
        ({"exp": int(time.time()) + 10**6}, "token_scope"),
        ({"exp": str(int(time.time()) + 10**6)}, "token_scope"),
        ({"exp": float("inf")}, "token_forged"),
        ({"role": "king"}, "token_scope"),
        ({"role": ["operator"]}, "token_scope"),
        ({"role": None}, "token_scope"),
        ({"visit": "../etc"}, "token_scope"),
        ({"visit": 7}, "token_scope"),
        ({"nbf": int(time.time()) + 600}, "token_expired"),
    ],
)
def test_signed_tokens_for_something_else_are_refused(change, code):
    now = int(time.time())
    claims = {"aud": AUDIENCE, "iat": now, "exp": now + 60, "role": "visitor"} | change
    token = jwt.encode({k: v for k, v in claims.items() if v is not None}, SECRET, "HS256")
    assert refusal(TokenKey("HS256", SECRET), token) == code


def test_the_door_takes_the_static_token_beside_signed_ones():
    key = TokenKey("HS256", SECRET)
    both = Door("static", key)
    assert both.admit("static") == Grant("visitor")
    assert both.admit(key.issue("operator")).role == "operator"
    for door, token, code in (
        (both, "", "unauthorized"),
        (both, "other", "token_forged"),
        (Door("static"), key.issue("operator"), "unauthorized"),
        (Door("", key), "static", "token_forged"),
    ):
        with pytest.raises(ProtocolError) as caught:
            door.admit(token)
        assert caught.value.code == code
    assert Door().admit("whatever").may("metrics")


def get(url: str, token: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10.0) as response:
            return response.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read()).get("code", "")


def test_a_server_with_a_key_tells_roles_and_visits_apart():
    key = TokenKey("HS256", SECRET)
    host = VisitHost.in_process(make_toy)
    settings = ServerSettings(token="static", token_key=key)
    assert "static" not in repr(settings)
    assert SECRET.decode() not in repr(settings)
    anna, ben = key.issue("visitor", visit="anna"), key.issue("visitor", visit="ben")
    with ServerThread(settings, host) as server:
        http = f"http://{server.authority}"
        with Client(server.url, Hello(token=anna)) as client:
            assert client.welcome.visit == "anna"
            client.ask(Utterance(id="u", text="hi"))
            assert client.asset(HASH) == GLB
            asset = f"{http}/asset/{HASH}.glb"
            assert get(asset) == (401, "unauthorized")
            assert get(asset, ben)[0] == 404
            assert get(asset, key.issue("artist"))[0] == 200
            with pytest.raises(ChannelError, match="open already"):
                Client(server.url, Hello(token=anna)).__enter__()
            stolen = client.welcome.resume
            with pytest.raises(ChannelError, match="another visit"):
                Client(server.url, Hello(token=ben, resume=stolen)).__enter__()
            assert client.ask(Utterance(id="u2", text="still here"))[0].text == "2: still here"
        for token, answer in (
            ("", (401, "unauthorized")),
            ("static", (403, "token_scope")),
            (anna, (403, "token_scope")),
            (key.issue("operator", now=time.time() - 3600.0), (401, "token_expired")),
            (key.issue("operator"), (200, "")),
        ):
            assert get(f"{http}/metrics", token) == answer
        assert get(f"{http}/health")[0] == 200
        with Client(server.url, Hello(token="static")) as client:
            assert client.welcome.visit.startswith("v1-")
    host.stop()


def test_who_comes_back_needs_a_token_that_is_still_good():
    key = TokenKey("HS256", SECRET)
    host = VisitHost.in_process(make_toy)
    fresh = [key.issue("visitor", visit="anna", minutes=1.0, now=time.time() - 600.0)]

    async def visit(url: str) -> None:
        hello = Hello(token=key.issue("visitor", visit="anna"))
        async with AsyncClient(url, hello, renew=lambda: fresh[-1]) as client:
            await client.ask(Utterance(id="a", text="x"))
            fresh.append(key.issue("visitor", visit="anna"))
            client._ws.transport.abort()
            assert (await client.ask(Utterance(id="b", text="y")))[0].text == "2: y"
            assert client.resumed == 1
            fresh.append(fresh[0])
            client._ws.transport.abort()
            with pytest.raises(ChannelError, match="expired"):
                await client.ask(Utterance(id="c", text="z"), seconds=10.0)

    with ServerThread(ServerSettings(token_key=key), host) as server:
        asyncio.run(visit(server.url))
    host.stop()


def test_a_key_lets_a_server_listen_beyond_this_machine_only_with_tls():
    key = TokenKey("HS256", SECRET)
    with pytest.raises(ChannelError) as caught:
        ServerSettings(host="0.0.0.0", token_key=key).check()
    assert caught.value.field == "certificate"


def test_the_verb_makes_a_key_and_a_token(tmp_path, capsys):
    file = tmp_path / "key"
    assert main(["token", "--new-key", str(file), "--algorithm", "EdDSA"]) == 0
    assert file.stat().st_mode & 0o077 == 0
    capsys.readouterr()
    words = ["--role", "visitor", "--visit", "v1", "--minutes", "15", "--key", str(file)]
    assert main(["token", *words]) == 0
    token = capsys.readouterr().out.strip()
    assert TokenKey.load(tmp_path / "key.pub").verify(token) == Grant("visitor", "v1")
    for wrong, said in (
        (["--new-key", str(file)], "exists"),
        (["--key", str(tmp_path / "none")], "cannot be read"),
        (["--key", str(tmp_path / "key.pub")], "public key"),
        (["--key", str(file), "--minutes", "0"], "minutes"),
        (["--key", str(file), "--minutes", "nan"], "1440"),
        (["--key", str(file), "--visit", "a b"], "letters"),
        ([], "--new-key FILE"),
    ):
        assert main(["token", *wrong]) == 1
        assert said in capsys.readouterr().err


def test_keys_that_are_none_are_refused(tmp_path):
    short, other, bad = tmp_path / "short", tmp_path / "other", tmp_path / "bad"
    short.write_text("hunter2\n")
    with pytest.raises(TokenError, match="32 bytes") as caught:
        TokenKey.load(short)
    assert "hunter2" not in str(caught.value)
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    other.write_bytes(pem)
    bad.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(TokenError, match="Ed25519"):
        TokenKey.load(other)
    with pytest.raises(TokenError, match="cannot be used"):
        TokenKey.load(bad)
