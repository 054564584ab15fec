"""The project's settings on a machine that has nothing set up: no .env, a fresh folder."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# DRF gives tests a client only if this is imported before it: see config/optional.py.
import requests  # noqa: F401

from config.env import Environment
from tests.memory import keep_files_in_memory

keep_files_in_memory()
for _name in Environment.model_fields:
    os.environ.pop(_name.upper(), None)
os.environ["STATE_ROOT"] = tempfile.mkdtemp(prefix="gazetteer-tests-")
atexit.register(shutil.rmtree, os.environ["STATE_ROOT"], ignore_errors=True)
Environment.model_config["env_file"] = None

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Tests share users, and shall not share what these have used up.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
