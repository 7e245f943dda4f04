"""The server's list of jobs, and what it proves about a submit that was cut off."""

import pytest
from polyreel.errors import ProviderUnavailable, RequestRejected
from polyreel.types.media import MediaRef
from polyreel_openai_sora import plugin
from polyreel_openai_sora.listing import MAX_PAGES

SINCE = 1_780_000_000.0
EARLIER = MediaRef(parameter="video", id="video_0")


def job(**members):
    return {"id": "video_1", "object": "video", "status": "queued", "model": "sora-2", **members}


def row(**members):
    given = {"created_at": SINCE + 5, "prompt": "A paper boat", "seconds": "4", "size": "720x1280"}
    return job(**{**given, **members})


def page(*rows, **members):
    return {"object": "list", "data": list(rows), "has_more": False, **members}


@pytest.fixture
def find(drive, answer, task):
    def found(*pages, **parameters):
        run = drive(plugin.find_submission(task(**parameters), SINCE), *map(answer, pages))
        return run.value and [receipt.id for receipt in run.value]

    return found


def test_the_one_job_that_fits_is_found(drive, answer, task):
    rows = (row(id="video_2", prompt="Another"), row(id="video_3"), row(id="video_4", created_at=SINCE - 61))
    run = drive(plugin.find_submission(task(), SINCE), answer(page(*rows)))
    assert run.lines == ["GET /videos?limit=100&order=desc"]
    assert [receipt.id for receipt in run.value] == ["video_3"]


@pytest.mark.parametrize(
    "members",
    [
        {"prompt": "A paper boat "},
        {"prompt": None},
        {"model": "sora-2-pro"},
        {"model": "sora-2-pro-2025-10-06"},
        {"seconds": "8"},
        {"seconds": "four"},
        {"size": "1280x720"},
        {"created_at": SINCE - 61},
        {"created_at": SINCE + 601},
        {"created_at": None},
        {"remixed_from_video_id": "video_0"},
    ],
)
def test_job_that_differs_is_not_it(find, members):
    assert find(page(row(**members))) == []


@pytest.mark.parametrize(
    "members",
    [
        {"model": "sora-2-2025-12-08"},
        {"model": None},
        {"seconds": 4},
        {"seconds": None},
        {"size": None},
        {"created_at": SINCE - 60},
        {"status": "failed"},
    ],
)
def test_what_a_server_leaves_out_or_spells_otherwise_does_not_matter(find, members):
    assert find(page(row(**members))) == ["video_1"]


def test_every_job_that_can_be_it_is_named(find):
    assert find(page(row(id="video_1"), row(id="video_2"))) == ["video_1", "video_2"]


def test_parameters_that_were_not_sent_are_not_compared(find):
    assert find(page(row(model="wan", seconds="5", size="832x480")), model="wan") == ["video_1"]


def test_remix_is_found_by_its_prompt_and_origin(find):
    remix = {"video": EARLIER, "openai_operation": "remix"}
    rows = [row(id="video_1", remixed_from_video_id=None), row(id="video_2", remixed_from_video_id="video_0")]
    assert find(page(*rows), **remix) == ["video_2"]
    assert find(page(row(id="video_3", seconds="12", size="1280x720")), **remix) == ["video_3"]


def test_pages_are_read_until_the_time_before_the_submit(drive, answer, task):
    run = drive(
        plugin.find_submission(task(), SINCE),
        answer(page(row(id="video_9", prompt="Another"), has_more=True, last_id="video_9")),
        answer(page(row(id="video_8"), has_more=True)),  # without last_id, the last row's id serves
        answer(page(row(id="video_7", created_at=SINCE - 61), has_more=True, last_id="video_7")),
    )
    after = [request.query["after"] for request in run.requests]
    assert after == [None, "video_9", "video_8"]
    assert [receipt.id for receipt in run.value] == ["video_8"]


def test_list_that_turns_in_a_circle_proves_nothing(find):
    circle = page(row(), has_more=True, last_id="video_1")
    assert find(circle, circle) is None


def test_list_without_an_end_proves_nothing(find):
    pages = [page(row(id=f"video_{number}"), has_more=True) for number in range(MAX_PAGES)]
    assert find(*pages) is None


@pytest.mark.parametrize("status", [400, 404, 405, 422, 501])
def test_server_without_a_list_proves_nothing(drive, answer, task, status):
    assert drive(plugin.find_submission(task(), SINCE), answer({}, status)).value is None


@pytest.mark.parametrize("body", [[], {"data": None}, {}, "<html>"])
def test_list_that_is_none_proves_nothing(drive, answer, task, body):
    assert drive(plugin.find_submission(task(), SINCE), answer(body)).value is None


def test_rows_that_are_none_are_passed_over(find):
    assert find(page(None, {"id": 5}, "x", row())) == ["video_1"]


@pytest.mark.parametrize("profile", ["litellm", "new-api"])
def test_where_the_list_is_not_reliable_it_is_not_asked(drive, task, profile):
    with pytest.raises(RequestRejected) as caught:
        drive(plugin.find_submission(task(profile=profile), SINCE))
    assert caught.value.code == "not_supported"


def test_search_that_fails_is_an_error_and_not_a_no(drive, answer, task):
    with pytest.raises(ProviderUnavailable):
        drive(plugin.find_submission(task(), SINCE), answer({}, 503))


def test_remote_jobs_are_listed(drive, answer, account):
    rows = [row(id=f"video_{index}", status="completed") for index in range(3)]
    run = drive(plugin.list_remote(account(), 2), answer(page(*rows, has_more=True, last_id="video_2")))
    assert run.lines == ["GET /videos?limit=2&order=desc"]
    assert [remote.receipt.id for remote in run.value] == ["video_0", "video_1"]
    first = run.value[0]
    assert (first.state, first.model, first.prompt) == ("completed", "sora-2", "A paper boat")
    assert first.created_at == SINCE + 5


def test_long_list_takes_several_pages(drive, answer, account):
    pages = [
        page(*(row(id=f"video_{number}_{index}") for index in range(100)), has_more=True) for number in (1, 2)
    ]
    run = drive(plugin.list_remote(account(), 150), *map(answer, pages))
    assert len(run.value) == 150
    assert run.requests[1].query["after"] == "video_1_99"


def test_no_jobs_need_no_request(drive, account):
    assert drive(plugin.list_remote(account(), 0)).value == []


def test_server_without_a_list_is_said(drive, answer, account):
    with pytest.raises(RequestRejected, match="no list"):
        drive(plugin.list_remote(account("litellm"), 5))
    with pytest.raises(RequestRejected, match="no list"):
        drive(plugin.list_remote(account(), 5), answer({}, 404))
