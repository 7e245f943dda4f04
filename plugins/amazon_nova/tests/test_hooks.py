"""What the provider is, and what it asks for: the hooks, driven from a script."""

import inspect

import pluggy
import pytest
from polyreel import hookspecs
from polyreel.errors import AuthenticationFailed, ProviderUnavailable, ResourceNotFound, UnexpectedAnswer
from polyreel.http import Response
from polyreel.types.job import Receipt
from polyreel_amazon_nova import (
    accounts,
    checks,
    failures,
    listing,
    luma,
    nova,
    output,
    places,
    plugin,
    signature,
    storage,
    wire,
)

ARN = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"
SORTED = "&sortBy=SubmissionTime&sortOrder=Descending"
BASE = "https://bedrock-runtime.us-east-1.amazonaws.com"


def test_hooks_fit_their_specifications():
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    names = {caller.name for caller in manager.get_hookcallers(plugin)}
    required = {"provider_info", "list_models", "authenticate", "submit", "poll", "normalise_result"}
    assert names == required | {
        "validate_parameters",
        "preflight",
        "find_submission",
        "list_remote",
        "cancel",
        "foreign_calls",
        "simulator",
    }


def test_every_document_is_offered_whatever_is_set():
    assert [json["x-model"]["name"] for json in plugin.list_models()] == [
        "luma.ray-v2:0",
        "nova-reel-v1:0",
        "nova-reel-v1:1",
    ]


def test_submit_posts_once_with_the_tasks_token(drive, answer, task):
    run = drive(plugin.submit(task()), answer({"invocationArn": ARN}))
    assert run.lines == [f"POST {BASE}/async-invoke"]
    assert run.requests[0].json["clientRequestToken"] == "job_1"
    assert run.value == Receipt(
        id=ARN, data={"region": "us-east-1", "folder": "s3://my-bucket/nova/abc123def456"}
    )


@pytest.mark.parametrize(
    ("configured", "model", "address"),
    [
        ({}, "luma.ray-v2:0", "https://bedrock-runtime.us-west-2.amazonaws.com/async-invoke"),
        (
            {"region": "eu-west-1"},
            "nova-reel-v1:0",
            "https://bedrock-runtime.eu-west-1.amazonaws.com/async-invoke",
        ),
        ({"base_url": "http://localhost:8123/x"}, "nova-reel", "http://localhost:8123/x/async-invoke"),
    ],
)
def test_submit_goes_to_the_models_region(drive, answer, task, configured, model, address):
    run = drive(plugin.submit(task(model=model, configured=configured)), answer({"invocationArn": ARN}))
    assert run.lines == [f"POST {address}"]


def test_refused_submit_is_an_error_with_advice(drive, answer, task):
    gone = answer(
        {"message": "This model version has reached the end of its life."},
        404,
        x_amzn_errortype="ResourceNotFoundException",
    )
    with pytest.raises(
        ResourceNotFound, match=r"move to a living model such as 'amazon/luma\.ray-v2:0'"
    ) as caught:
        drive(plugin.submit(task()), gone)
    assert caught.value.billed is False


def test_poll_asks_in_the_region_of_the_arn(drive, answer, task):
    receipt = Receipt(id=ARN.replace("us-east-1", "ap-northeast-1"))
    run = drive(plugin.poll(task(), receipt), answer({"status": "InProgress"}))
    assert run.lines[0].startswith(
        "GET https://bedrock-runtime.ap-northeast-1.amazonaws.com/async-invoke/arn%3Aaws"
    )


def test_cancel_says_that_bedrock_cannot(drive):
    run = drive(plugin.cancel())
    assert (run.value.outcome, run.requests) == ("not_supported", [])
    assert "goes on, and costs" in run.value.message


def row(number, **members):
    return {"invocationArn": f"{ARN[:-3]}{number:03}", "clientRequestToken": f"job_{number}", **members}


def rows(*numbers, token=None):
    return {"asyncInvokeSummaries": [row(n) for n in numbers], **({"nextToken": token} if token else {})}


def test_submission_is_found_by_its_token_and_by_nothing_else(drive, answer, task):
    odd = [
        7,
        {},
        {"invocationArn": 7},
        {"invocationArn": f"{ARN}0"},
        {"invocationArn": "hello", "clientRequestToken": "job_1"},
    ]
    page = {"asyncInvokeSummaries": [row(9), row(10), *odd, row(1)]}
    run = drive(plugin.find_submission(task(), 1795428300.0), answer(page))
    assert run.value == Receipt(
        id=f"{ARN[:-3]}001", data={"region": "us-east-1", "folder": "s3://my-bucket/nova/abc123def001"}
    )
    window = "submitTimeAfter=2026-11-23T10%3A00%3A00Z&submitTimeBefore=2026-11-23T10%3A13%3A00Z"
    assert run.lines == [f"GET {BASE}/async-invoke?{window}&maxResults=100{SORTED}"]


def test_moments_of_the_search_are_rounded_outwards(drive, answer, task):
    run = drive(plugin.find_submission(task(), 1795428300.5), answer({}))
    assert (
        "submitTimeAfter=2026-11-23T10%3A00%3A00Z&submitTimeBefore=2026-11-23T10%3A13%3A01Z" in run.lines[0]
    )


def test_submission_is_looked_for_on_every_page(drive, answer, task):
    pages = [answer(rows(9, token="n/1+==")), answer(rows(1, token="more"))]
    run = drive(plugin.find_submission(task(), 1795428000.0), *pages)
    assert run.value.id.endswith("001")
    assert "nextToken=n%2F1%2B%3D%3D" in run.lines[1]


@pytest.mark.parametrize(
    "pages",
    [
        [{}],
        [{"asyncInvokeSummaries": None}],
        [rows(2, 3)],
        [rows(2, token="a"), rows(3, token="a")],  # a page that leads to itself
    ],
)
def test_submission_that_is_not_there(drive, answer, task, pages):
    assert drive(plugin.find_submission(task(), 1795428000.0), *map(answer, pages)).value is None


def test_search_is_not_given_up_while_pages_bring_something(drive, answer, task):
    """As many pages as there are jobs in the time of the submit, with empty ones between."""
    pages = [rows(n, token=f"t{n}") if n % 3 else rows(token=f"t{n}") for n in range(100, 300)]
    run = drive(plugin.find_submission(task(), 1795428000.0), *map(answer, [*pages, rows(1)]))
    assert run.value.id.endswith("001")
    assert len(run.lines) == 201


def test_endless_list_is_an_error_and_not_an_absent_job(task, answer, drive):
    pages = [answer(rows(2, token=f"t{number}")) for number in range(listing.MAX_IDLE_PAGES + 1)]
    with pytest.raises(UnexpectedAnswer, match="comes to an end"):
        drive(plugin.find_submission(task(), 1795428000.0), *pages)


def test_list_that_cannot_be_read_is_an_error(drive, answer, task):
    with pytest.raises(UnexpectedAnswer, match="a list of jobs"):
        drive(plugin.find_submission(task(), 0.0), answer("<html>"))
    with pytest.raises(ProviderUnavailable):
        drive(plugin.find_submission(task(), 0.0), Response(status=503))


def test_jobs_of_every_region_are_listed_newest_first(drive, answer, account):
    def remote(region, number, moment):
        return row(
            number, invocationArn=f"arn:aws:bedrock:{region}:1:async-invoke/x{number}", submitTime=moment
        )

    pages = [
        {
            "asyncInvokeSummaries": [
                remote("us-east-1", 1, "2026-11-23T10:00:00Z"),
                remote("us-east-1", 2, None),
            ]
        },
        {"asyncInvokeSummaries": [remote("us-west-2", 3, "2026-11-23T12:00:00Z")]},
        {},
        {"asyncInvokeSummaries": [remote("ap-northeast-1", 4, "2026-11-23T11:00:00Z")]},
    ]
    run = drive(plugin.list_remote(account(), 3), *map(answer, pages))
    assert [job.receipt.id[-2:] for job in run.value] == ["x3", "x4", "x1"]
    assert [line.split(".")[1] for line in run.lines] == list(places.REGIONS)
    assert all("maxResults=3&" in line for line in run.lines)


def test_jobs_of_the_chosen_region_are_listed(drive, answer, account):
    run = drive(plugin.list_remote(account(region="us-west-2"), 1), answer(rows(1, 2, token="more")))
    assert (len(run.value), len(run.lines)) == (1, 1)
    assert "us-west-2" in run.lines[0]


def test_jobs_of_ones_own_server_are_listed_once(drive, answer, account):
    run = drive(plugin.list_remote(account(base_url="http://localhost:8123"), 500), answer(rows(1, 2)))
    assert run.lines == [
        "GET http://localhost:8123/async-invoke?maxResults=100&sortBy=SubmissionTime&sortOrder=Descending"
    ]


DENIED = {"x_amzn_errortype": "AccessDeniedException"}


def test_region_that_may_not_be_entered_is_left_out_and_said(drive, answer, account, caplog):
    denied = answer({"message": "an explicit deny"}, 403, **DENIED)
    run = drive(plugin.list_remote(account(), 3), answer(rows(1)), denied, answer(rows(2)), answer(rows(3)))
    assert len(run.value) == 3
    (told,) = caplog.messages
    assert "us-west-2" in told
    assert "an explicit deny" in told


def test_all_regions_that_may_not_be_entered_are_an_error(drive, answer, account):
    denied = [answer({"message": f"deny {n}"}, 403, **DENIED) for n in range(len(places.REGIONS))]
    with pytest.raises(AuthenticationFailed, match="deny 0"):
        drive(plugin.list_remote(account(), 3), *denied)
    with pytest.raises(AuthenticationFailed, match="deny 1"):
        drive(plugin.list_remote(account(region="us-west-2"), 3), denied[1])


def test_other_trouble_in_a_region_is_an_error(drive, answer, account):
    with pytest.raises(ProviderUnavailable):
        drive(plugin.list_remote(account(), 3), answer(rows(1)), Response(status=503))


def test_none_is_listed_without_asking(drive, account):
    assert drive(plugin.list_remote(account(), 0)).value == []


def test_no_module_of_the_plugin_knows_the_network_or_the_environment():
    for module in (
        accounts,
        checks,
        failures,
        listing,
        luma,
        nova,
        output,
        places,
        plugin,
        signature,
        storage,
        wire,
    ):
        source = inspect.getsource(module)
        assert not [
            word for word in ("httpx", "os.environ", "getenv", "open(", "import boto") if word in source
        ]


def test_what_is_large_is_loaded_only_when_asked_for():
    from polyreel_amazon_nova.simulator import AmazonSimulator

    assert plugin.simulator() is AmazonSimulator
    assert "AmazonSimulator" not in vars(plugin)
    assert "botocore" not in vars(accounts)
