"""A whole project: several files, several vendors, a notebook."""

from pathlib import Path

SAMPLE = Path(__file__).parent / "samples" / "studio"
OMNI = "google/gemini-omni-1.2-flash"

EXPECTED = [
    (
        "notebooks/try.ipynb:cell 3:2",
        "google/veo-3.0-generate-001",
        "retired",
        f'polyreel.generate(prompt, model="{OMNI}", duration=6)',
    ),
    (
        "studio/pipeline/drafts.py:8",
        "openai/sora-2",
        "retired",
        f'polyreel.generate(f"{{product}} on a table, slow dolly in", model="{OMNI}", size=SIZE, duration=seconds)',
    ),
    ("studio/pipeline/drafts.py:21", "openai/sora-2", "elsewhere", None),
    (
        "studio/pipeline/finals.py:14",
        "openai/sora-2-pro",
        "retired",
        f'polyreel.generate(prompt, model="{OMNI}", duration=12, size="1920x1080", input_image=still)',
    ),
    (
        "studio/pipeline/finals.py:21",
        "google/veo-3.0-fast-generate-001",
        "retired",
        (
            f'polyreel.generate(f"{{prompt}}, {{STYLE}}", model="{OMNI}", input_image=still, duration=8, '
            'aspect_ratio="9:16", resolution="1080p")'
        ),
    ),
    ("studio/pipeline/finals.py:30", "google/veo-3.1-generate-001", "living", None),
    (
        "studio/pipeline/finals.py:36",
        "amazon/nova-reel-v1:1",
        "retired",
        f'polyreel.generate(text, model="{OMNI}", duration=15, size="1280x720", fps=24)',
    ),
    ("studio/pipeline/finals.py:46", None, "unknown", None),
]


def test_each_call_of_the_project(scan):
    report = scan(SAMPLE, to=OMNI)
    assert [
        (
            finding.place.removeprefix(f"{SAMPLE}/"),
            finding.document,
            finding.stand,
            finding.replacement and finding.replacement.call,
        )
        for finding in report.findings
    ] == EXPECTED
    assert (report.files, report.unread) == (7, ())


def test_what_is_computed_and_what_is_lost_is_told(scan):
    remarks = {
        finding.line: finding.replacement.remarks
        for finding in scan(SAMPLE, to=OMNI).findings
        if finding.replacement is not None
    }
    assert "duration=seconds is only known when the program runs; polyreel checks it then" in remarks[8]
    assert f'amazon_output=f"s3://{{bucket}}/reels" is lost: {OMNI} has no amazon_output' in remarks[36]
    assert any(remark.startswith("duration: 18 becomes 15") for remark in remarks[36])
    assert any(remark.startswith("size: '1792x1024' becomes '1920x1080'") for remark in remarks[14])


def test_the_report_as_json(scan):
    report = scan(SAMPLE / "studio" / "pipeline" / "drafts.py", to=OMNI).json
    assert (report["files"], report["unread"]) == (1, [])
    first, second = report["findings"]
    assert first == {
        "file": str(SAMPLE / "studio" / "pipeline" / "drafts.py"),
        "cell": None,
        "line": 8,
        "column": 13,
        "call": "openai.OpenAI.videos.create",
        "model": "sora-2",
        "document": "openai/sora-2",
        "stand": "retired",
        "message": "openai/sora-2 was shut down on 2026-09-24",
        "choice": None,
        "replacement": first["replacement"],
    }
    assert first["replacement"]["model"] == OMNI
    assert second["replacement"] is None
