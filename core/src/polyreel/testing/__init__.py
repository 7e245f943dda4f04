"""The side wing for people who write a provider: its standard tests, and a driver that answers from a script.

::

    import pytest
    from polyreel.testing import ProviderContract

    class TestAcme(ProviderContract):
        @pytest.fixture
        def provider_id(self):
            return "acme"

        @pytest.fixture
        def example(self):
            return {"model": "acme/film-2", "prompt": "A paper boat", "duration": 4}

It needs the extra ``polyreel[testing]``. Nothing in polyreel imports it.
"""

from __future__ import annotations

from polyreel.errors import MissingExtra

try:
    import pytest
except ImportError:
    raise MissingExtra("polyreel.testing", extra="testing") from None

pytest.register_assert_rewrite(
    *(f"polyreel.testing.{name}" for name in ("contract", "troubles", "abilities"))
)

from polyreel.testing.bench import Bench  # noqa: E402  after the line that makes its assertions speak
from polyreel.testing.contract import ProviderContract  # noqa: E402
from polyreel.testing.recording import Recording, answers, in_json  # noqa: E402

__all__ = ["Bench", "ProviderContract", "Recording", "answers", "in_json"]
