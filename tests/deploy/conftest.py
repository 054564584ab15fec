"""The servers that the engine's tests start."""

from __future__ import annotations

from tests.engine.conftest import postgres_url as postgres_url
from tests.engine.conftest import redis_url as redis_url
