# `make demo` and `make test` are the two commands of the README.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
  $(shell command -v $(name) >/dev/null 2>&1 && $(name) -c \
  'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(name))))
RUN := .venv/bin/python
DEMO := open-source-time-tracking

.PHONY: demo test test-engine check check-site fix dev worker deploy-worker lock clean screenshots

demo: .venv/installed
	@$(RUN) manage.py generate_directory examples/$(DEMO)/directory.toml
	@$(RUN) manage.py export_site $(DEMO) var/demo/$(DEMO)
	@echo
	@echo "Next: change a file in examples/$(DEMO)/sources and type \`make demo\` again,"
	@echo "or make a directory of your own:"
	@echo "  $(RUN) manage.py generate_directory my-list --name 'My list' --source FILE_OR_URL"
	@echo "or look at it in the browser: make dev"

# Compiled code is kept, whatever the machine thinks of it: many tests start processes. And
# who has nothing left to do takes over tests of those who have.
test: .venv/installed
	@env -u PYTHONDONTWRITEBYTECODE $(RUN) -m pytest -n auto --dist worksteal $(ARGS)

# Every fault at every place, on both stacks: the better part of an hour.
test-engine: .venv/installed
	@$(RUN) -m pytest -m engine_full tests/engine $(ARGS)

check: .venv/installed
	@sh .ci/check

fix: .venv/installed
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

# Web server and worker side by side, both restarted when the code changes. The worker finds
# the web server on another port: make dev PORT=8001
dev: .venv/installed
	@$(RUN) manage.py prepare_dev $(if $(PORT),--port $(PORT))
	@WEB_PORT=$(or $(PORT),8000) \
	  WEB_API=$(if $(PORT),http://localhost:$(PORT)/internal/trigger) \
	  .venv/bin/honcho --no-colour start -f Procfile.dev

worker: .venv/installed
	@$(RUN) manage.py qcluster

# Pictures of made-up websites, to judge by eye. Needs a Chromium.
screenshots: .venv/installed
	@$(RUN) tools/screenshots.py

# What other people's tools say of our websites. Needs Node, npm, Java and a Chromium.
check-site: .venv/installed
	@$(RUN) -m pytest -m site -rs $(ARGS)

# make deploy-worker IMAGE=ghcr.io/owner/gazetteer:tag HOSTS="deploy@one deploy@two"
deploy-worker:
	@deploy/deploy-worker $(IMAGE) $(HOSTS)

lock: .venv/installed
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
	  --no-emit-index-url --python-version 3.11 --all-extras --group dev \
	  pyproject.toml -o requirements.lock
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
	  --no-emit-index-url --python-version 3.11 --all-extras -c requirements.lock \
	  pyproject.toml -o deploy/requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# uv installs in seconds; pip, which every Python has, in a minute.
.venv/installed: requirements.lock
	@test -n "$(PYTHON)" || { echo "Gazetteer needs Python 3.11 or newer." >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --clear --python "$(PYTHON)" .venv && \
	  uv pip install --quiet --require-hashes --python .venv -r requirements.lock; \
	else \
	  rm -rf .venv && { "$(PYTHON)" -m venv .venv || { rm -rf .venv; \
	    echo "Python's venv module is missing or incomplete. On Debian and Ubuntu:" >&2; \
	    echo "  sudo apt-get install python3-venv" >&2; exit 1; }; } && \
	  echo "Installing into .venv, about a minute ..." && \
	  .venv/bin/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes -r requirements.lock; \
	fi
	@touch $@
