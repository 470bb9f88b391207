"""Pacing against a service whose token buckets are written independently (``conftest.Service``).

The ideal is arithmetic: what a full bucket holds goes at once, the rest at the rate of the quota.
"""

import pytest

RPM, TPM = 1200, 120_000
N, TOKENS = 1000, 212  # a prompt of 12 characters and answers of at most 200 tokens


def outcome(run, asked, **declared):
    engine = run((f"prompt {i:05d}" for i in range(N)), asked, max_tokens=200, **declared)
    assert engine.counts.answered == asked.answered == N
    return asked.ideal(N, TOKENS) / asked.finished_at, asked.refused / N


@pytest.mark.parametrize("declared", [RPM, RPM * 2, RPM / 2, None])
@pytest.mark.parametrize("burst", [1, 10])
@pytest.mark.parametrize("retry_after", ["exact", "whole", "missing"])
def test_requests_per_minute_from_headers(run, service, declared, burst, retry_after):
    asked = service(rpm=RPM, request_burst=burst, retry_after=retry_after)
    ratio, refused = outcome(run, asked, rpm=declared)
    assert ratio >= 0.97
    assert refused < 0.03


@pytest.mark.parametrize("declared", [TPM, TPM * 2, TPM / 2, None])
@pytest.mark.parametrize("retry_after", ["exact", "whole"])
def test_tokens_per_minute_from_headers(run, service, declared, retry_after):
    ratio, refused = outcome(run, service(tpm=TPM, retry_after=retry_after), tpm=declared)
    assert ratio >= 0.97
    assert refused < 0.03


@pytest.mark.parametrize("declared", [RPM, RPM * 2])
@pytest.mark.parametrize("retry_after", ["exact", "missing"])
def test_requests_per_minute_without_headers(run, service, declared, retry_after):
    asked = service(rpm=RPM, headers=False, retry_after=retry_after)
    ratio, refused = outcome(run, asked, rpm=declared)
    assert ratio >= 0.97
    assert refused < 0.03


@pytest.mark.parametrize("declared", [RPM / 2, None])
@pytest.mark.parametrize("retry_after", ["exact", "whole", "missing"])
def test_a_quota_that_nobody_told_is_found(run, service, declared, retry_after):
    """Without headers, and declared too low or not at all: the search itself takes a few seconds."""
    asked = service(rpm=RPM, headers=False, retry_after=retry_after)
    ratio, refused = outcome(run, asked, rpm=declared)
    assert ratio >= 0.93
    assert refused < 0.03


@pytest.mark.parametrize("declared", [TPM, TPM * 2])
def test_tokens_per_minute_without_headers(run, service, declared):
    ratio, refused = outcome(run, service(tpm=TPM, headers=False), tpm=declared)
    assert ratio >= 0.97
    assert refused < 0.03


@pytest.mark.parametrize("latency", [0.05, 1, 5])
def test_concurrency_follows_the_latency(run, service, latency):
    asked = service(rpm=RPM, latency=latency)
    ratio, refused = outcome(run, asked, rpm=RPM)
    assert ratio >= 0.96  # at 5 s, the opening burst is unknown for the first 5 of 54 seconds
    assert refused < 0.03
    assert asked.most_in_flight >= RPM / 60 * latency


def test_headers_that_promise_too_much_are_not_believed(run, service):
    """A minute's worth seems to be left, but windows of a second are what counts."""

    class Boasting(service):
        def _headers(self, wait):
            return super()._headers(wait) | {"x-ratelimit-remaining-requests": "1199"}

    asked = Boasting(rpm=RPM)
    ratio, refused = outcome(run, asked, rpm=RPM)
    assert ratio >= 0.95
    assert refused < 0.07  # the opening burst that the headers invited to


def test_a_share_of_the_quota_is_kept_to(run, service):
    asked = service(rpm=RPM)
    run((f"prompt {i:05d}" for i in range(300)), asked, rpm=RPM, share=0.25)
    assert asked.finished_at == pytest.approx(300 / (RPM / 60 * 0.25), rel=0.05)
    assert asked.refused == 0
