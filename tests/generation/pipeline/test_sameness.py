"""How alike two names on one link have to be to be one."""

from __future__ import annotations

import pytest

from generation.pipeline.sameness import Names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Promotheus", "Prometheus"),
        ("Mastermost", "Mattermost"),
        ("Acker analytics", "Ackee analytics"),
    ],
)
def test_a_letter_in_ten_is_a_slip(one: str, other: str) -> None:
    assert Names([one, other]).agree(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jellyfin", "Jellyfish"),
        ("Logdash", "Logstash"),
        ("Mailtrail", "Mailtrain"),
        ("Shlinked", "Shlinker"),
        ("Timesheets", "Timeshelf"),
        ("Typesense", "Typeset"),
    ],
)
def test_more_than_that_makes_another_name(one: str, other: str) -> None:
    assert not Names([one, other]).agree(one, other)
