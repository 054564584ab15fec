# One image for web, worker and sweeper; `deploy/run` starts the role that is named.
ARG PYTHON=3.12-slim-bookworm

FROM python:${PYTHON} AS packages
WORKDIR /app
COPY deploy/requirements.lock deploy/requirements.lock
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes -r deploy/requirements.lock

FROM python:${PYTHON}
# The version of git is the distribution's: a pinned one disappears with its next repair.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --home-dir /srv/gazetteer --no-create-home gazetteer \
 && install -d -o gazetteer -g gazetteer \
    /srv/gazetteer /srv/gazetteer/state /srv/gazetteer/repositories
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY manage.py pyproject.toml ./
COPY config config
COPY directories directories
COPY generation generation
COPY internal_api internal_api
COPY templates templates
COPY examples examples
COPY deploy deploy
# Once, and not by each process that is started: it may write nothing here later.
RUN python -m compileall -q config directories generation internal_api
ENV BIND=0.0.0.0 \
    LOG_FORMAT=json \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATE_ROOT=/srv/gazetteer/state \
    GIT_ROOT=/srv/gazetteer/repositories \
    STATIC_ROOT=/app/static
RUN STATE_ROOT=/tmp/build deploy/run collectstatic --noinput \
 && rm -rf /tmp/build
USER 10001:10001
EXPOSE 8000
VOLUME ["/srv/gazetteer/state", "/srv/gazetteer/repositories"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
  CMD ["deploy/healthy"]
ENTRYPOINT ["deploy/run"]
CMD ["web"]
