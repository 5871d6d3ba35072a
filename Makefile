# Every target sets up what it needs in .venv; nothing is installed outside this folder.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCK   := requirements/daemon.lock
DEV_LOCK := requirements/dev.lock
RUNS   ?= 1000000
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet

# tflite-runtime ends at Python 3.11 and breaks with NumPy 2: it gets an environment of its own.
OLD_VENV := .venv-tflite-runtime
OLD_LOCK := requirements/tflite-runtime.lock
STUDY    := .training/search
MODEL    := models/accurate
SMALL    := models/small
FAST     := --precision bf16
TAUGHT    = $(BIN)/monitor distil $(DATA) --answers .training/answers $(FAST)

# So has the auditor, whose own packages are no part of what it looks at.
AUDIT_VENV := .venv-audit
AUDIT_LOCK := requirements/audit.lock

# Programs that the tests start, with Debian's packages.
TOOLS := mosquitto=mosquitto mosquitto_pub=mosquitto-clients sqlite3=sqlite3 jq=jq \
         systemd-analyze=systemd faketime=faketime chromium=chromium
ARM_TOOLS := mosquitto=mosquitto qemu-aarch64-static=qemu-user-static

COMPILE := $(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 \
             --no-annotate --no-header --no-emit-index-url --constraint requirements/limits.in

.PHONY: help demo install tools test quick studies coverage check audit docs pictures format archive bench group merge soak fuzz load wear model record compare study lock wheel boot brokers arm clean
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

demo: $(VENV)/.demo ## watch it work: invented tweets over MQTT, labelled, in SQLite
	@$(BIN)/monitor demo

install: $(VENV)/.daemon ## put the daemon into .venv, and nothing more
	@echo "installed: $(BIN)/monitor --help"

# Hundreds of daemons start: what they import is compiled once, whatever the shell says.
studies: export PYTHONDONTWRITEBYTECODE =
# No test is skipped for want of a program.
test studies: export MONITOR_REQUIRE_BROKER = 1
test studies: export MONITOR_REQUIRE_BROWSER = 1
test: $(VENV)/.dev $(OLD_VENV)/.ready tools ## run the tests, but for those of whole studies
	$(BIN)/python -m tests $(PYTEST)

quick: $(VENV)/.dev ## run the tests that start no process and no training: a minute
	$(BIN)/python -m tests --quick $(PYTEST)

studies: $(VENV)/.dev $(OLD_VENV)/.ready tools ## run the longest tests: studies on toys, variants of faults, laws on more examples
	$(BIN)/pytest -n 4 --dist worksteal -m "study or hypothesis" --hypothesis-profile=studies $(PYTEST)

coverage: $(VENV)/.coverage $(OLD_VENV)/.ready tools ## measure what the tests reach, processes that they start included
	@rm -rf build/coverage
	MONITOR_REQUIRE_BROKER=1 MONITOR_REQUIRE_BROWSER=1 $(BIN)/coverage run -m tests $(PYTEST) --timeout=0
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage html --quiet
	@$(BIN)/coverage report

check: $(VENV)/.dev ## run the linters and the type checker
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

tools:
	@requirements/debian.sh $(TOOLS)

audit: $(VENV)/.dev $(AUDIT_VENV)/.ready ## ask PyPI for known vulnerabilities of what is locked
	@$(BIN)/python -m pip --disable-pip-version-check check
	@$(AUDIT_VENV)/bin/python requirements/audit.py $(LOCK) $(OLD_LOCK)
	-@$(AUDIT_VENV)/bin/python requirements/audit.py $(DEV_LOCK)

pictures: $(VENV)/.dev ## take the pictures of the documentation anew, all from one log (needs Chromium)
	$(BIN)/python -m tests.docs.pictures

docs: $(VENV)/.dev ## write anew what of the documentation is generated: keys, files
	$(BIN)/python -m tests.docs

format: $(VENV)/.dev ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

soak: $(VENV)/.dev ## load, kills, power cuts, restarts, for 35 minutes: make soak MINUTES=35
	$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),35)

fuzz: $(VENV)/.fuzz ## try payloads that reach new code, and such as take long: make fuzz RUNS=1000000
	$(BIN)/python -m tests.faults.fuzz $(or $(RUNS),1000000) $(KEEP)
	$(BIN)/python -m tests.faults.slow $(or $(RUNS),1000000)

bench: $(VENV)/.dev ## measure broker to COMMIT: make bench DATA=folder-with-tweets
	$(BIN)/python -m tests.benchmarks.daemon $(DATA)

group: $(VENV)/.dev ## measure 1, 2 and 4 boards of a group: make group DATA=folder-with-tweets
	$(BIN)/python -m tests.benchmarks.group $(DATA)

merge: $(VENV)/.dev ## measure logs joined: seconds, memory, and what the result answers
	$(BIN)/python -m tests.benchmarks.merge $(MERGE)

archive: $(VENV)/.dev ## measure files of tweets, local and on Ray: make archive TWEETS=1000000
	$(BIN)/python -m tests.benchmarks.archive $(DATA) --tweets $(or $(TWEETS),100000)

load: $(VENV)/.dev ## queries of a million tweets beside a daemon that writes
	$(BIN)/python -m tests.benchmarks.history .training/history.db --tweets 1000000 --days 90
	$(BIN)/python -m tests.benchmarks.load .training/history.db

wear: $(VENV)/.dev ## measure bytes written a tweet: make wear FOLDER=on-the-card
	$(BIN)/python -m tests.benchmarks.wear $(if $(FOLDER),--folder $(FOLDER))

model: $(VENV)/.teacher ## make the models anew from their teacher (hours): make model DATA=folder
	$(BIN)/monitor answers $(DATA) --teacher models/teacher --strangers --limit 151552 $(FAST)
	$(TAUGHT) --from all-MiniLM-L6-v2 --questions 81920 --examples 140000 --output .training/begun
	$(TAUGHT) --from .training/begun --questions 86016 --labelled 120000 --learning-rate 1e-4 \
	  --examples 160000 --output .training/second
	$(TAUGHT) --from .training/second --labelled 60000 --invented 30000 --learning-rate 1e-4 \
	  --examples 320000 --output .training/accurate
	OMP_NUM_THREADS=1 $(BIN)/monitor train $(DATA) $(FAST) --output .training/namer
	$(BIN)/monitor distil $(DATA) --teacher .training/namer $(FAST) --output .training/named
	$(TAUGHT) --from .training/named --questions 61440 --examples 57344 --output .training/marked
	$(TAUGHT) --from .training/marked --tutor .training/second --questions 86016 \
	  --labelled 120000 --learning-rate 5e-4 --examples 90000 --output .training/smaller
	$(TAUGHT) --from .training/smaller --questions 12288 --labelled 120000 --invented 30000 \
	  --learning-rate 3e-4 --examples 51200 --output .training/small
	$(MAKE) --no-print-directory record NAME=accurate DATA=$(DATA)
	$(MAKE) --no-print-directory record NAME=small DATA=$(DATA)

record: $(VENV)/.dev ## export .training/NAME to models/NAME, and keep its figures: make record NAME=small DATA=folder
	$(BIN)/monitor export .training/$(NAME) --output models/$(NAME)
	$(BIN)/monitor evaluate $(DATA) --model models/$(NAME) --record
	$(BIN)/monitor evaluate --behaviour --model models/$(NAME) --record
	$(BIN)/monitor quantify $(DATA) --model models/$(NAME) --record

compare: $(VENV)/.dev $(OLD_VENV)/.ready ## it beside its teacher and its peers: make compare DATA=folder
	$(BIN)/monitor compare $(DATA) --teacher .training/teacher --student .training/student \
	  --model $(MODEL) --tflite-runtime-python $(OLD_VENV)/bin/python --output .training/comparison

study: $(VENV)/.dev $(OLD_VENV)/.ready ## profile, search, guarantee, fusions: make study DATA=folder
	mkdir -p $(STUDY) && $(BIN)/monitor profile --output $(STUDY)/profile.json
	$(BIN)/monitor search $(DATA) --profile $(STUDY)/profile.json --latency 1ms --output $(STUDY)
	$(BIN)/python -m monitor.lab.search.promises $(DATA) --profile $(STUDY)/profile.json --output $(STUDY)
	$(BIN)/python -m monitor.lab.search.cascade $(DATA) --profile $(STUDY)/profile.json --output $(STUDY)
	$(BIN)/python -m monitor.lab.search.validate $(STUDY)/profile.json --output $(STUDY)/validation.json
	$(BIN)/monitor fusions --output $(STUDY) --tflite-runtime-python $(OLD_VENV)/bin/python
	$(BIN)/monitor speed --model $(MODEL) --model $(SMALL) --output $(STUDY)

lock: $(VENV)/.venv ## resolve the lock files anew
	$(PIP) uv
	$(COMPILE) pyproject.toml --universal --constraint requirements/numpy2.in --extra demo --extra metrics --extra notify -o $(LOCK)
	$(COMPILE) pyproject.toml --constraint $(LOCK) --extra demo --extra compare --extra test --extra lint --extra coverage -o $(DEV_LOCK)
	$(COMPILE) pyproject.toml --universal --extra tflite-runtime -o $(OLD_LOCK)
	$(COMPILE) requirements/audit.in --universal -o $(AUDIT_LOCK)

wheel: $(VENV)/.dev ## from a clean clone to a wheel to fresh environments: pip, pipx, uv
	$(BIN)/python -m tests.installing $(WHEEL)

brokers: $(VENV)/.dev ## the ledger against brokers of Debian, PyPI and npm: make brokers BROKERS="nats aedes"
	$(BIN)/python -m tests.brokers $(BROKERS)

boot: $(VENV)/.dev ## the service in a Debian that is booted, as root: make boot SUITE=trixie
	$(BIN)/python -m tests.boot --suite $(or $(SUITE),bookworm) $(BOOT)

arm: $(VENV)/.dev ## install and run on emulated Arm boards: make arm ARM=--short
	@requirements/debian.sh $(ARM_TOOLS)
	$(BIN)/python -m tests.arm $(ARM)

clean: ## remove the environments
	rm -rf $(VENV) $(OLD_VENV) $(AUDIT_VENV) .arm .boot .brokers

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; set PYTHON=python3.x"; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.daemon: $(VENV)/.venv pyproject.toml $(LOCK)
	@$(PIP) --constraint $(LOCK) --editable .
	@touch $@

$(VENV)/.demo: $(VENV)/.venv pyproject.toml $(LOCK)
	@echo "installing the daemon and the demonstration's broker (a minute or two) ..."
	@$(PIP) --constraint $(LOCK) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.venv pyproject.toml $(DEV_LOCK)
	@echo "installing the development tools, PyTorch and TensorFlow among them (minutes) ..."
	@$(PIP) --constraint $(DEV_LOCK) --editable '.[test,lint]'
	@touch $@

$(VENV)/.teacher: $(VENV)/.dev
	@$(PIP) --constraint $(DEV_LOCK) --editable '.[teacher]'
	@touch $@

$(VENV)/.coverage: $(VENV)/.dev
	@$(PIP) --constraint $(DEV_LOCK) --editable '.[coverage]'
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	@$(PIP) --constraint $(DEV_LOCK) --editable '.[fuzz]'
	@touch $@

$(AUDIT_VENV)/.ready: $(AUDIT_LOCK)
	@$(PYTHON) -m venv $(AUDIT_VENV)
	@$(AUDIT_VENV)/bin/python -m pip --disable-pip-version-check install --quiet -r $(AUDIT_LOCK)
	@touch $@

$(OLD_VENV)/.ready: pyproject.toml $(OLD_LOCK)
	@if $(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then \
	  echo "setting up $(OLD_VENV) ..." && $(PYTHON) -m venv $(OLD_VENV) && \
	  $(OLD_VENV)/bin/python -m pip --disable-pip-version-check install --quiet \
	    --constraint $(OLD_LOCK) --editable '.[tflite-runtime]'; \
	else mkdir -p $(OLD_VENV); fi
	@touch $@
