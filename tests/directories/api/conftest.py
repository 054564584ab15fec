"""Clients of the API, by token as programs and by session as browsers."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.test import APIClient


def client_of(user: User) -> APIClient:
    _, token = AuthToken.objects.create(user=user)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


@pytest.fixture
def api(owner: User) -> APIClient:
    return client_of(owner)


@pytest.fixture
def strangers_api(stranger: User) -> APIClient:
    return client_of(stranger)


@pytest.fixture
def nobodys_api(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)
