"""Calls from beginning to end against the simulator on a socket: what only shows where plugin, core and network meet."""

import asyncio
import sys

import polyreel
import pytest
from polyreel.clock import VirtualClock
from polyreel.errors import AuthenticationFailed
from polyreel.http import Response
from polyreel.simulation.faults import Fault
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.simulator import FilmStudio
from polyreel.simulation.staging import set_stage
from polyreel_amazon_nova.simulator import AmazonSimulator

REEL = "amazon/nova-reel"
KEYS = {name: AmazonSimulator.settings[name] for name in ("access_key_id", "secret_access_key")}
TEMPORARY = {
    "access_key_id": AmazonSimulator.temporary.key_id,
    "secret_access_key": AmazonSimulator.temporary.secret,
    "session_token": AmazonSimulator.temporary.token,
}
BEARER = {"api_key": AmazonSimulator.bearer_key}
START = "/async-invoke$"
RENDERING = 10.0  # seconds


@pytest.fixture(scope="module")
def film():
    return render_film(FilmSpec(model="amazon", prompt="", width=128, height=128, duration=0.5))


class Service:
    """The simulator on a socket, what it was asked, and which films it made."""

    def __init__(self, film):
        self.filmed = []
        studio = FilmStudio(film=lambda spec: self.filmed.append(spec) or film)
        self.clock = VirtualClock()
        self.stage = set_stage(AmazonSimulator, clock=self.clock, render_seconds=RENDERING, studio=studio)
        self.server = self.stage.server().start()
        self.faults = self.stage.faults

    def settings(self, **given):
        url = self.server.url
        return {
            "amazon": {
                "output": AmazonSimulator.settings["output"],
                "base_url": url,
                "s3_base_url": url,
                **given,
            }
        }

    def starts(self):
        return self.faults.count("POST", START)

    def asked_of_s3(self):
        return [
            request.path for request in self.faults.requests if not request.path.startswith("/async-invoke")
        ]


@pytest.fixture
def service(film):
    made = Service(film)
    yield made
    made.server.stop()


@pytest.fixture
def client(service, tmp_path):
    """Make a client whose home is this test's: made anew it finds its jobs again."""
    made = []

    def opened(**given):
        setup = {"home": tmp_path / "home", "clock": service.clock}
        made.append(polyreel.Client(settings=service.settings(**given), **setup))
        return made[-1]

    yield opened
    for one in made:
        one.close()


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    """Write AWS's configuration file."""

    def written(text):
        file = tmp_path / "profiles"
        file.write_text(text)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(file))

    return written


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({**KEYS, "secret_access_key": "not-the-secret"}, "SignatureDoesNotMatch"),
        ({**KEYS, "access_key_id": "AKIANOBODY"}, "InvalidAccessKeyId"),
        ({**TEMPORARY, "session_token": "not-the-token"}, "InvalidToken"),
        (TEMPORARY, "ExpiredToken"),
    ],
)
def test_credentials_that_are_wrong_are_no_problem_of_the_bucket(service, client, keys, code):
    service.stage.simulator.stage.state["session_expired"] = True
    with pytest.raises(AuthenticationFailed) as caught:
        client(**keys).submit("A boat", model=REEL)
    assert caught.value.code == code
    assert service.starts() == 0


@pytest.mark.parametrize(
    ("bucket", "words"),
    [
        ("no-such-bucket", "there is no bucket 'no-such-bucket'; make it in us-east-1"),
        ("simulated-bucket-us-west-2", "is in us-west-2, and the model in us-east-1"),
        ("foreign-bucket", "belongs to another account"),
        ("unlisted-bucket", "the credentials lack s3:ListBucket.*bucket_check=off"),
    ],
)
def test_bucket_that_will_not_do_is_said_before_anything_is_paid(service, client, bucket, words):
    with pytest.raises(polyreel.InvalidRequest, match=words):
        client(**KEYS).submit("A boat", model=REEL, amazon_output=f"s3://{bucket}/films")
    assert service.starts() == 0


def test_bucket_without_the_right_to_list_does_without_the_look(client):
    caller = client(**KEYS, bucket_check="off")
    assert (
        caller.generate("A boat", model=REEL, amazon_output="s3://unlisted-bucket/films").path.stat().st_size
    )


def test_look_at_the_bucket_makes_no_film(service, client):
    client(**KEYS).submit("A boat", model=REEL)
    service.clock.advance(2 * RENDERING)  # its film is in the bucket by now, and would be made to be measured
    client(**KEYS).submit("A boat", model=REEL)
    assert service.asked_of_s3() == ["/simulated-bucket", "/simulated-bucket"]
    assert service.filmed == []


def test_answer_with_nonsense_for_an_arn_is_found_again_by_the_token(service, client):
    nonsense = Response(
        status=200, headers={"content-type": "application/json"}, content=b'{"invocationArn": "hello"}'
    )
    service.faults.add(Fault(kind="rewrite", path=START, method="POST", times=1, rewrite=lambda _: nonsense))
    result = client(**KEYS).generate("A boat", model=REEL)
    assert result.job.receipt.id.startswith("arn:aws:bedrock:us-east-1:")
    assert result.path.stat().st_size
    assert service.starts() == 1


def test_key_for_one_call_never_reads_s3_with_the_operators_keys(service, client):
    result = client(**KEYS).generate("A boat", model=REEL, byok_api_key=BEARER["api_key"])
    assert result.job.status == "completed"
    with pytest.raises(polyreel.FetchFailed, match="no other credentials of this machine are used beside it"):
        _ = result.path
    assert service.asked_of_s3() == []


def test_key_for_one_call_looks_at_no_image_with_the_operators_keys(service, client):
    shots = [{"text": "A boat", "image": "s3://simulated-bucket/private.png"}]
    with pytest.raises(polyreel.ProviderError, match="s3Location"):  # the service itself misses it
        client(**KEYS).submit("boat", model=REEL, amazon_shots=shots, byok_api_key=BEARER["api_key"])
    assert service.asked_of_s3() == []


@pytest.mark.parametrize("check", ["on", "off"])
@pytest.mark.parametrize(
    "broken", ["credential_process = /no/such/program", "role_arn = arn:aws:iam::1:role/x"]
)
def test_bearer_token_beside_a_broken_profile_makes_a_film_that_stays(
    service, client, profiles, broken, check
):
    profiles(f"[profile films]\n{broken}\nsource_profile = none\n")
    caller = client(profile="films", bucket_check=check, **BEARER)
    result = caller.generate("A boat", model=REEL)
    assert result.job.status == "completed"
    assert result.job.assets[0].url.startswith("s3://simulated-bucket/polyreel/")
    with pytest.raises(
        polyreel.FetchFailed, match=r"cannot read S3.*AWS's configuration gives no credentials"
    ):
        _ = result.path
    assert service.asked_of_s3() == []


@pytest.mark.parametrize("check", ["on", "off"])
def test_credential_process_runs_once_for_many_submits(service, profiles, tmp_path, check):
    program, runs = tmp_path / "keys.py", tmp_path / "runs"
    keys = f'{{"Version": 1, "AccessKeyId": "{KEYS["access_key_id"]}", "SecretAccessKey": "{KEYS["secret_access_key"]}"}}'
    program.write_text(f"import pathlib\npathlib.Path({str(runs)!r}).open('a').write('x')\nprint({keys!r})\n")
    profiles(f"[profile films]\ncredential_process = {sys.executable} {program}\n")

    async def many():
        settings = service.settings(profile="films", bucket_check=check)
        async with polyreel.AsyncClient(settings=settings, store="memory", home=tmp_path / "home") as caller:
            model = "amazon/luma.ray-v2:0"
            return await asyncio.gather(*(caller.submit("A boat", model=model) for _ in range(12)))

    assert len(asyncio.run(many())) == 12
    assert runs.read_text() == "x"


def test_profile_that_was_named_at_the_submit_counts_after_a_restart(service, client, profiles, monkeypatch):
    profiles(
        f"[profile films]\naws_access_key_id = {KEYS['access_key_id']}\n"
        f"aws_secret_access_key = {KEYS['secret_access_key']}\n"
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-another-account")
    job = client(profile="films").submit("A boat", model=REEL)
    assert client().wait(job.id).path.stat().st_size
