"""Each way in which an exchange is carried: blocking, awaited over httpx, and awaited over aiohttp (extra ``fast``)."""

import pytest


@pytest.fixture(params=["blocking", "async", "fast"])
def driver(request, driver_of):
    return driver_of(request.param)
