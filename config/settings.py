"""Django's settings. The environment decides: see `config/env.py` for the variables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dj_database_url

from config import env as environment
from config import telemetry
from config.logging import configure
from config.redaction import hide
from config.secrets import own_secret_key

env = environment.Environment()

CHECKOUT = environment.CHECKOUT

DEBUG = env.debug
STATE_ROOT = env.state_root
GIT_ROOT = env.repositories
STATIC_ROOT = env.static_files
SECRET_KEY = env.secret_key or own_secret_key(STATE_ROOT / "secret-key")
ALLOWED_HOSTS = list(env.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(env.csrf_trusted_origins)

# A worker makes directories: it has neither a database nor anything that needs one.
IS_WORKER = env.gazetteer_role == "worker"

INSTALLED_APPS = ["config", "django_q", "generation"]
if not IS_WORKER:
    INSTALLED_APPS += [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "rest_framework",
        "knox",
        "axes",
        "csp",
        "directories",
        "internal_api",
    ]

if not IS_WORKER:
    MIDDLEWARE = [
        "config.request_log.name_requests",
        *(
            ["config.telemetry.trace_requests"]
            if env.otel_exporter_otlp_endpoint
            else []
        ),
        "django.middleware.security.SecurityMiddleware",
        "config.form_limits.bound_forms",
        "csp.middleware.CSPMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "axes.middleware.AxesMiddleware",
    ]

    if STATIC_ROOT.is_dir():
        # What `collectstatic` put there; without it, Django's own server serves them.
        MIDDLEWARE.insert(2, "whitenoise.middleware.WhiteNoiseMiddleware")

    ROOT_URLCONF = "config.urls"
    WSGI_APPLICATION = "config.wsgi.application"

    TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [CHECKOUT / "templates"],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        },
    ]


def _database(url: str, state_root: Path) -> dj_database_url.DBConfig:
    """SQLite gets what keeps two writers from an error: WAL, IMMEDIATE, a busy time-out."""
    database = dj_database_url.parse(
        url or f"sqlite:///{state_root / 'gazetteer.sqlite3'}"
    )
    database["CONN_MAX_AGE"] = env.database_keep_seconds or 0
    database["CONN_HEALTH_CHECKS"] = True
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        }
        # `migrate` makes the file, but not its folder.
        Path(str(database["NAME"])).parent.mkdir(parents=True, exist_ok=True)
        # A file, because an in-memory database tells a second thread "table is locked".
        database["TEST"] = {"NAME": str(state_root / "test.sqlite3")}
    return database


DATABASES: dict[str, Any] = {"default": {"ENGINE": "django.db.backends.dummy"}}
if not IS_WORKER:
    DATABASES = {"default": _database(env.database_url, STATE_ROOT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# There is no other page to log in at, nor one of a person's own.
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Five wrong passwords for a name from one address; see config/login.py.
AXES_HANDLER = "config.login.Handler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
LOGIN_FAILURES_OF_AN_ADDRESS = 30
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "config.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "config.login.locked_out"
# The session says who is logged in, and our own log who asked for what.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
# An operator wants to read who is locked out. Passwords are never written down.
AXES_SENSITIVE_PARAMETERS = ["csrfmiddlewaretoken"]
CLIENT_ADDRESS_HEADER = env.client_address_header

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Admin forms of a directory may carry a source document: see contract/request.py.
DATA_UPLOAD_MAX_MEMORY_SIZE = 48 * 1024 * 1024

SESSION_COOKIE_SECURE = env.https_only
CSRF_COOKIE_SECURE = env.https_only
SECURE_SSL_REDIRECT = env.https_only
# A load balancer asks over plain http, and learns nothing that matters.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
if env.trigger_internal_plain_http:
    SECURE_REDIRECT_EXEMPT += [r"^internal/trigger/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if env.https_only else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.https_only
SECURE_HSTS_PRELOAD = env.https_only
X_FRAME_OPTIONS = "DENY"
# Of our own pages. A preview shows strangers' and has a policy of its own.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        **{
            f"{kind}-src": ["'self'"]
            for kind in ("connect", "font", "img", "script", "style")
        },
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
BEHIND_PROXY = env.behind_proxy
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.throttles.CountingTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["directories.api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "directories.api.pagination.Pages",
    "DEFAULT_THROTTLE_CLASSES": [
        "config.throttles.OfAUser",
        "config.throttles.Generating",
    ],
    "EXCEPTION_HANDLER": "config.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
API_RATES = {
    "user": env.api_rate,
    "generate": env.generate_rate,
    "wrong-tokens": "60/hour",
}
COUNTS_ROOT = env.counts
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": COUNTS_ROOT,
        # One a caller and kind; when there are more, some are forgotten.
        "OPTIONS": {"MAX_ENTRIES": 2000},
    }
}
REST_KNOX = {"TOKEN_PREFIX": "gaz_", "TOKEN_TTL": None}

TRIGGER_ENABLED = env.trigger_enabled
TRIGGER_SECRET_KEY = env.trigger_secret_key
TRIGGER_API_URL = env.trigger_api_url
TRIGGER_MACHINE = env.trigger_machine
TRIGGER_INTERNAL_API_URL = env.trigger_internal_api_url
TRIGGER_INTERNAL_SECRET = env.trigger_internal_secret
TRIGGER_INTERNAL_SECRET_PREVIOUS = env.trigger_internal_secret_previous
TRIGGER_ALLOW_PLAIN_SECRET = env.trigger_allow_plain_secret

# The queue delivers once and never retries: docs/explanation/background-runs.md says why.
Q_CLUSTER: dict[str, Any] = {
    "name": TRIGGER_MACHINE,
    "workers": env.trigger_workers,
    "queue_limit": 1,
    "timeout": 1800,
    "retry": 7200,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    # It schedules the sweep. With another broker, workers without a database would get it.
    "scheduler": not IS_WORKER and not TRIGGER_API_URL,
    "catch_up": False,
    # A new process takes half a second, in which a run may have to wait for it.
    "recycle": 100,
}
if TRIGGER_API_URL:
    # Two seconds, so that a silent broker is noticed before a person loses patience.
    limits = urlencode({"socket_timeout": 2, "socket_connect_timeout": 2})
    joiner = "&" if "?" in TRIGGER_API_URL else "?"
    Q_CLUSTER["redis"] = f"{TRIGGER_API_URL}{joiner}{limits}"
else:
    Q_CLUSTER["orm"] = "default"
    # It waits for a write instead of a moment.
    Q_CLUSTER["broker_class"] = "directories.broker.WakingBroker"
    Q_CLUSTER["poll"] = 0

SLOW_REQUESTS = env.slow_requests
SLOW_REQUESTS_ROOT = env.slow_requests_root
RUN_LEASE_SECONDS = env.run_lease_seconds
RUN_STALL_SECONDS = env.run_stall_seconds
RUN_MEMORY_MIB = env.run_memory_mib
CHECKPOINT_ROOT = env.checkpoints
FETCH_ALLOWED_NETWORKS = env.fetch_allowed_networks
FETCH_ALLOWED_HOSTS = env.fetch_allowed_hosts
FETCH_CA_BUNDLE = env.fetch_ca_bundle
FETCH_INTERVAL_SECONDS = env.fetch_interval_seconds
FETCH_CACHE_ROOT = env.pages
FETCH_CACHE_MEGABYTES = env.fetch_cache_megabytes

# structlog is set up by `configure`; Django shall not undo it.
LOGGING_CONFIG = None
hide(SECRET_KEY, *env.secrets)
configure(level=env.log_level, form=env.log_format)
DEFAULT_EXCEPTION_REPORTER = "config.error_pages.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_pages.ReporterFilter"
METRICS_TOKEN = env.metrics_token
telemetry.configure(
    sentry_dsn=env.sentry_dsn,
    otlp_endpoint=env.otel_exporter_otlp_endpoint,
    role=env.gazetteer_role,
)
