"""Whose signature a request carries: keys, bearer tokens, AWS's own chain of credentials, or nobody's."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from polyreel.clock import VirtualClock
from polyreel.errors import AuthenticationFailed, ConfigurationError, MissingExtra, MissingKey, PolyreelError
from polyreel.exchange import AccountSession
from polyreel.flows import BlockingIO, Call, Send, run
from polyreel.hookspecs import API
from polyreel.http import Request, Response, as_received
from polyreel.settings import Configuration
from polyreel.types.provider import OWN_KEY
from polyreel_amazon_nova import plugin
from polyreel_amazon_nova.accounts import AwsAuth, sends_in_clear, session_token

BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/async-invoke"
S3 = "https://s3.us-east-1.amazonaws.com/my-bucket/x"


def sign(auth, url, method="GET"):
    flow = auth.sign(Request(method=method, url=url, headers={"Accept": "*/*"}))
    try:
        effect = next(flow)
        while True:
            assert isinstance(effect, Call)
            try:
                result = effect.function()
            except PolyreelError as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value


def authorization(auth, url):
    return sign(auth, url).headers.get("Authorization", "")


@pytest.fixture
def auth(settings):
    def made(**values):
        return plugin.authenticate(settings(**values))

    return made


NO_KEYS = {"access_key_id": None, "secret_access_key": None}


def test_info():
    info = plugin.provider_info()
    assert (info.id, info.api, info.idempotency) == ("amazon", API, "field")
    settings = {setting.name: setting for setting in info.settings}
    assert {name for name, setting in settings.items() if setting.secret} == {
        "api_key",
        "access_key_id",
        "secret_access_key",
        "session_token",
    }
    assert settings["s3_base_url"].address
    assert settings["base_url"].default is None
    assert settings["bucket_check"].choices == ("on", "off")
    assert settings["api_key"].environment == ("AWS_BEARER_TOKEN_BEDROCK",)
    assert settings["profile"].environment == ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    assert settings["region"].environment == ("AWS_REGION", "AWS_DEFAULT_REGION")
    assert settings["base_url"].environment == ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL")
    assert settings["s3_base_url"].environment == ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def test_settings_come_from_the_variables_of_awss_own_tools(tmp_path):
    environ = {
        "AWS_BEARER_TOKEN_BEDROCK": "bedrock-api-key-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret-0123456789",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://localhost:4566",
        "AWS_ENDPOINT_URL_S3": "http://localhost:9000",
        "POLYREEL_AMAZON_OUTPUT": "s3://my-bucket/films",
    }
    found = Configuration(home=tmp_path, environ=environ).resolve(plugin.provider_info())
    assert found.get("region") == "eu-west-1"
    assert (found.get("base_url"), found.get("s3_base_url")) == (
        "http://localhost:4566",
        "http://localhost:9000",
    )
    assert found.get("output") == "s3://my-bucket/films"
    stored = str(found.frozen)
    assert "AKID" not in stored
    assert "secret-" not in stored
    assert "bedrock-api-key" not in stored


def test_keys_sign_both_services(auth):
    keys = auth()
    today = time.strftime("%Y%m%d", time.gmtime())
    assert f"Credential=AKIDEXAMPLE/{today}/us-east-1/bedrock/aws4_request" in authorization(keys, BEDROCK)
    assert f"Credential=AKIDEXAMPLE/{today}/us-east-1/s3/aws4_request" in authorization(keys, S3)


def test_bearer_token_wins_at_bedrock_and_keys_serve_s3(auth):
    both = auth(api_key="bedrock-api-key-XYZ")
    request = sign(both, BEDROCK)
    assert request.headers == {"Accept": "*/*", "Authorization": "Bearer bedrock-api-key-XYZ"}
    assert "Credential=AKIDEXAMPLE/" in authorization(both, S3)


def test_bearer_token_alone_cannot_read_s3(auth):
    alone = auth(api_key="bedrock-api-key-XYZ", **NO_KEYS)
    assert authorization(alone, BEDROCK) == "Bearer bedrock-api-key-XYZ"
    with pytest.raises(MissingKey, match="cannot read S3"):
        sign(alone, S3)


def test_elsewhere_nothing_is_signed(auth):
    assert sign(auth(), "https://elsewhere.example/x").headers == {"Accept": "*/*"}


def test_session_token_is_sent_and_signed(auth):
    request = sign(auth(session_token="token-of-a-session"), BEDROCK)
    assert request.headers["X-Amz-Security-Token"] == "token-of-a-session"
    assert "x-amz-security-token" in request.headers["Authorization"]


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"api_key": "bedrock-api-key-XYZ"}, True),
        ({"session_token": "token-of-a-session"}, True),
        ({}, False),  # of a plain key only a signature is sent
    ],
)
def test_no_secret_goes_over_plain_http(auth, values, refused):
    away = auth(base_url="http://bedrock.example", **values)
    if refused:
        with pytest.raises(ConfigurationError, match="not sent over plain http"):
            sign(away, "http://bedrock.example/async-invoke")
    else:
        assert "Credential" in authorization(away, "http://bedrock.example/async-invoke")
    here = auth(base_url="http://127.0.0.1:8123", **values)
    assert authorization(here, "http://127.0.0.1:8123/async-invoke")


def test_what_plain_http_is():
    assert sends_in_clear("http://bedrock.example/x")
    assert not any(map(sends_in_clear, ("https://bedrock.example", "http://localhost:1", "http://[::1]/x")))


@pytest.mark.parametrize(
    ("given", "lacking"),
    [("access_key_id", "AWS_SECRET_ACCESS_KEY"), ("secret_access_key", "AWS_ACCESS_KEY_ID")],
)
def test_half_of_a_key_is_said(auth, given, lacking):
    half = auth(**{name: "half-of-a-key" if name == given else None for name in NO_KEYS})
    with pytest.raises(MissingKey, match=f"set {lacking} too"):
        sign(half, BEDROCK)


# --- which of several wins --------------------------------------------------------------------------------------------

PROFILES = (
    "[films]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret-of-the-profile\n"
    "[roles]\naws_access_key_id = AKIDROLES\naws_secret_access_key = secret-of-roles\naws_session_token = a-token\n"
)
IN_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIDVARIABLE", "AWS_SECRET_ACCESS_KEY": "secret-of-variables"}
IN_CODE = {"access_key_id": "AKIDCODE", "secret_access_key": "secret-in-code"}
IN_FILE = {"access_key_id": "AKIDFILE", "secret_access_key": "secret-in-a-file"}
IN_OWN_VARIABLES = {
    "POLYREEL_AMAZON_ACCESS_KEY_ID": "AKIDOWN",
    "POLYREEL_AMAZON_SECRET_ACCESS_KEY": "secret-of-own-variables",
}


@pytest.fixture
def resolved(tmp_path, monkeypatch):
    """Resolve settings as a client does, from the environment, code and polyreel's file; AWS's own file has profiles."""
    file = tmp_path / "profiles"
    file.write_text(PROFILES)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def made(environ=(), code=(), file=(), **job):
        lines = "".join(f'{name} = "{value}"\n' for name, value in dict(file).items())
        (tmp_path / "config.toml").write_text(f"[providers.amazon]\n{lines}")
        for name, value in dict(environ).items():
            monkeypatch.setenv(name, value)
        known = Configuration(home=tmp_path, environ=dict(environ), arguments={"amazon": dict(code)})
        return known.resolve(plugin.provider_info(), **job)

    return made


FILMS, VARIABLE = {"profile": "films"}, {"AWS_PROFILE": "films"}


@pytest.mark.parametrize(
    ("told", "winner"),
    [
        ({"environ": IN_ENVIRONMENT, "code": FILMS}, "AKIDPROFILE"),
        ({"environ": IN_ENVIRONMENT, "file": FILMS}, "AKIDPROFILE"),
        ({"environ": IN_OWN_VARIABLES, "code": FILMS}, "AKIDPROFILE"),
        ({"environ": {"AWS_ACCESS_KEY_ID": "AKIDHALF"}, "code": FILMS}, "AKIDPROFILE"),
        ({"environ": {**IN_ENVIRONMENT, **VARIABLE}}, "AKIDVARIABLE"),
        ({"environ": {**IN_ENVIRONMENT, "POLYREEL_AMAZON_PROFILE": "films"}}, "AKIDVARIABLE"),
        ({"environ": VARIABLE}, "AKIDPROFILE"),
        ({"code": {**IN_CODE, **FILMS}}, "AKIDCODE"),
        ({"code": IN_CODE, "file": FILMS}, "AKIDCODE"),
        ({"code": FILMS, "file": IN_FILE}, "AKIDFILE"),
        ({"environ": {**IN_ENVIRONMENT, **VARIABLE}, "code": IN_CODE}, "AKIDCODE"),
    ],
)
def test_profile_that_is_named_wins_over_keys_of_the_environment(resolved, told, winner):
    assert f"Credential={winner}/" in authorization(AwsAuth(resolved(**told)), BEDROCK)


@pytest.mark.parametrize(
    ("source", "winner"),
    [
        ("argument", "AKIDPROFILE"),
        ("/etc/config.toml", "AKIDPROFILE"),
        ("environment AWS_PROFILE", "AKIDVARIABLE"),
    ],
)
def test_profile_of_a_job_counts_as_it_did_at_its_submit(resolved, source, winner):
    settings = resolved(environ=IN_ENVIRONMENT, frozen=FILMS, sources={"profile": source})
    assert f"Credential={winner}/" in authorization(AwsAuth(settings), BEDROCK)


@pytest.mark.parametrize("told", [{"code": FILMS}, {"environ": VARIABLE}], ids=["named", "variable"])
def test_winner_is_botocores(resolved, told):
    environ = {**IN_ENVIRONMENT, **told.get("environ", {})}
    auth = AwsAuth(resolved(**{**told, "environ": environ}))
    theirs = Session(profile=told.get("code", {}).get("profile")).get_credentials()
    assert f"Credential={theirs.access_key}/" in authorization(auth, BEDROCK)


TOKEN = {"session_token": "token-of-a-session"}
TOKEN_VARIABLE = {"AWS_SESSION_TOKEN": "token-of-a-session"}
OWN_TOKEN = {"POLYREEL_AMAZON_SESSION_TOKEN": "token-of-a-session"}


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ({"environ": {**IN_ENVIRONMENT, **TOKEN_VARIABLE}}, True),
        ({"environ": {**IN_OWN_VARIABLES, **OWN_TOKEN}}, True),
        ({"code": {**IN_CODE, **TOKEN}}, True),
        ({"file": {**IN_FILE, **TOKEN}}, True),
        ({"environ": TOKEN_VARIABLE, "code": IN_CODE}, False),
        ({"environ": TOKEN_VARIABLE, "file": IN_FILE}, False),
        ({"environ": {**IN_OWN_VARIABLES, **TOKEN_VARIABLE}}, False),
        ({"environ": IN_ENVIRONMENT, "file": TOKEN}, False),
        ({"code": IN_CODE, "file": TOKEN}, False),
        ({"environ": {**IN_ENVIRONMENT, **TOKEN_VARIABLE}, "code": FILMS}, False),
    ],
)
def test_session_token_is_never_sent_with_the_keys_of_others(resolved, told, sent):
    settings = resolved(**told)
    headers = sign(AwsAuth(settings), BEDROCK).headers
    assert headers.get("X-Amz-Security-Token") == ("token-of-a-session" if sent else None)
    assert (session_token(settings) is not None) is sent


@pytest.mark.parametrize("told", [{"environ": IN_ENVIRONMENT}, {"file": IN_FILE}], ids=["variables", "file"])
def test_session_token_in_code_beside_keys_that_are_elsewhere_is_said(resolved, told):
    with pytest.raises(MissingKey, match=r"session_token is given in code.*give all in one place"):
        sign(AwsAuth(resolved(**told, code=TOKEN)), BEDROCK)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"profile": "films"},
        NO_KEYS,
        {**NO_KEYS, "profile": "films"},
        {"session_token": "token-of-a-session"},
    ],
)
def test_beside_a_key_for_one_call_nothing_of_this_machine_is_used(settings, sessions, values):
    own = settings(api_key="bedrock-api-key-XYZ", sources={"api_key": OWN_KEY}, **values)
    assert authorization(AwsAuth(own), BEDROCK) == "Bearer bedrock-api-key-XYZ"
    with pytest.raises(MissingKey, match="given for this call only"):
        sign(AwsAuth(own), S3)
    assert (sessions.made, session_token(own)) == (0, None)


# --- AWS's own chain --------------------------------------------------------------------------------------------------


def test_chain_without_anything_names_each_way(auth):
    with pytest.raises(MissingKey) as caught:
        sign(auth(**NO_KEYS), BEDROCK)
    for way in (
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "polyreel-amazon-nova[aws]",
        "--simulate",
    ):
        assert way in str(caught.value)
    assert caught.value.provider == "amazon"


def test_without_botocore_the_extra_is_named(auth, monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(MissingExtra, match=r"pip install 'polyreel-amazon-nova\[aws\]'") as caught:
        sign(auth(**NO_KEYS), BEDROCK)
    assert caught.value.extra == "aws"
    assert "Credential" in authorization(auth(), BEDROCK)  # keys need nothing


def test_profile_of_awss_files(auth, monkeypatch, tmp_path):
    file = tmp_path / "credentials"
    file.write_text(
        "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = one-secret\n"
        "[films]\naws_access_key_id = AKIDFILMS\naws_secret_access_key = two-secret\naws_session_token = a-token\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    assert "Credential=AKIDDEFAULT/" in authorization(auth(**NO_KEYS), BEDROCK)
    request = sign(auth(profile="films", **NO_KEYS), S3)
    assert "Credential=AKIDFILMS/" in request.headers["Authorization"]
    assert request.headers["X-Amz-Security-Token"] == "a-token"
    assert "Credential=AKIDEXAMPLE/" in authorization(auth(profile="films"), S3)  # keys win


def test_broken_profile_is_said(auth):
    with pytest.raises(AuthenticationFailed, match=r"films.*aws sso login"):
        sign(auth(profile="films", **NO_KEYS), BEDROCK)


def test_profile_that_is_mended_is_read_anew(auth, monkeypatch, tmp_path):
    chain = auth(profile="films", **NO_KEYS)
    with pytest.raises(AuthenticationFailed):
        sign(chain, BEDROCK)
    file = tmp_path / "credentials"
    file.write_text("[films]\naws_access_key_id = AKIDFILMS\naws_secret_access_key = two-secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    assert "Credential=AKIDFILMS/" in authorization(chain, BEDROCK)


BROKEN = {
    "credential_process = {python} -c pass": "JSONDecodeError",
    "credential_process = {python} -c raise(SystemExit('sorry'))": "CredentialRetrievalError.*sorry",
    "credential_process = {nowhere}": "FileNotFoundError",
    "role_arn = arn:aws:iam::123456789012:role/x\nweb_identity_token_file = {nowhere}": "FileNotFoundError",
    "role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = films": "InfiniteLoop|PartialCredentials",
    "sso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\nregion = us-east-1": "Sso|SSO|InvalidConfig",
}


@pytest.mark.parametrize(("lines", "reason"), BROKEN.items())
def test_chain_that_breaks_in_any_way_is_said_with_the_next_step(auth, monkeypatch, tmp_path, lines, reason):
    file = tmp_path / "config"
    file.write_text("[profile films]\n" + lines.format(python=sys.executable, nowhere=tmp_path / "nowhere"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    with pytest.raises(
        AuthenticationFailed, match=rf"(?s){reason}.*get-caller-identity --profile films"
    ) as caught:
        sign(auth(profile="films", **NO_KEYS), BEDROCK)
    assert "\n" not in str(caught.value)
    both = auth(profile="films", api_key="bedrock-api-key-XYZ", **NO_KEYS)
    with pytest.raises(MissingKey, match=rf"cannot read S3, and .*(?:{reason})"):
        sign(both, S3)
    assert authorization(both, BEDROCK) == "Bearer bedrock-api-key-XYZ"


def test_role_that_may_not_be_taken_is_said(auth, monkeypatch):
    def session(profile):
        raise ClientError(
            {"Error": {"Code": "AccessDenied", "Message": f"not {profile}'s to take"}}, "AssumeRole"
        )

    monkeypatch.setattr("botocore.session.Session", session)
    with pytest.raises(
        AuthenticationFailed, match=r"AssumeRole operation: not a b's to take.*--profile 'a b'"
    ):
        sign(auth(profile="a b", **NO_KEYS), BEDROCK)


def test_profile_without_credentials_is_named(auth, monkeypatch, tmp_path):
    file = tmp_path / "config"
    file.write_text("[profile films]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    with pytest.raises(MissingKey, match="no credentials for the profile 'films'"):
        sign(auth(profile="films", **NO_KEYS), BEDROCK)


def test_broken_profile_beside_a_bearer_token_is_a_missing_key(auth):
    alone = auth(profile="films", api_key="bedrock-api-key-XYZ", **NO_KEYS)
    with pytest.raises(MissingKey, match="films"):
        sign(alone, S3)


class Sessions:
    """botocore's sessions, as far as they are used: each gives keys of its own, which change with each look."""

    def __init__(self):
        self.made = 0
        self.looks = 0

    def __call__(self, profile):
        self.made += 1
        return SimpleNamespace(get_credentials=lambda: self, number=self.made)

    def get_frozen_credentials(self):
        self.looks += 1
        return SimpleNamespace(
            access_key=f"AKID{self.made}LOOK{self.looks}", secret_key="secret-of-the-chain", token=None
        )


@pytest.fixture
def sessions(monkeypatch):
    made = Sessions()
    monkeypatch.setattr("botocore.session.Session", made)
    return made


def test_session_is_kept_and_its_credentials_are_asked_each_time(auth, sessions):
    chain = auth(**NO_KEYS)
    assert "AKID1LOOK1/" in authorization(chain, BEDROCK)
    assert "AKID1LOOK2/" in authorization(chain, S3)


def refusal(status, code=None, body=b"{}"):
    return Response(status=status, headers={"x-amzn-errortype": code} if code else {}, content=body)


@pytest.mark.parametrize(
    ("response", "renewed"),
    [
        (refusal(403, "ExpiredTokenException"), True),
        (refusal(403, None, b"<Error><Code>ExpiredToken</Code></Error>"), True),
        (refusal(401), True),
        (refusal(403, "AccessDeniedException"), False),
        (refusal(403), False),
    ],
)
def test_session_is_renewed_when_its_credentials_have_run_out(auth, sessions, response, renewed):
    chain = auth(**NO_KEYS)
    assert chain.renew(response) is False  # nothing is held yet
    sign(chain, BEDROCK)
    assert chain.renew(response) is renewed
    sign(chain, BEDROCK)
    assert sessions.made == (2 if renewed else 1)


def test_many_at_once_ask_the_chain_once(auth, sessions, monkeypatch):
    together = threading.Barrier(8)
    chain = auth(**NO_KEYS)

    def slow(profile):
        time.sleep(0.02)  # as long as somebody types a second factor
        return sessions(profile)

    def one(_):
        together.wait()
        return authorization(chain, BEDROCK)

    monkeypatch.setattr("botocore.session.Session", slow)
    with ThreadPoolExecutor(8) as threads:
        signed = list(threads.map(one, range(8)))
    assert sessions.made == 1
    assert len({line.partition("/")[0] for line in signed}) == 8  # each asked for itself


def test_session_that_is_forgotten_while_it_is_asked_does_no_harm(auth, sessions):
    chain = auth(**NO_KEYS)
    kept = sessions.get_frozen_credentials

    def renewed_meanwhile():
        assert chain.renew(refusal(401)) is (sessions.looks == 0)
        return kept()

    sessions.get_frozen_credentials = renewed_meanwhile
    assert "AKID1LOOK1/" in authorization(chain, BEDROCK)
    sessions.get_frozen_credentials = kept
    assert "AKID2LOOK2/" in authorization(chain, BEDROCK)  # what was forgotten is not brought back


def test_keys_are_never_renewed(auth):
    keys = auth()
    sign(keys, BEDROCK)
    assert keys.renew(refusal(401)) is False


def test_refused_request_is_sent_once_more_with_fresh_credentials(settings, sessions):
    asked = []

    class Service:
        def send(self, wire):
            asked.append(as_received(wire).headers["authorization"])
            return Response(status=200) if len(asked) == 2 else refusal(403, "ExpiredTokenException")

    session = AccountSession(
        clock=VirtualClock(),
        auth=AwsAuth(settings(**NO_KEYS)),
        base_url="",
        own_origins=plugin.provider_info().origins,
    )

    def flow():
        return (yield Send(request=Request(method="POST", url=BEDROCK, json={}), session=session))

    assert run(flow(), BlockingIO(transport=Service(), clock=VirtualClock())).status == 200
    assert ["AKID1" in asked[0], "AKID2" in asked[1], len(asked)] == [True, True, 2]
