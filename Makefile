# Shelfwise, from a fresh clone: `make demo` and `make test`. Only Python, make and the package registry are needed.
#
#   make demo                            install what the demo needs, build the sample shop, open the page
#   make demo CHECK=1                    the same, answer one search and exit
#   make install PYTHON=python3.12       choose the interpreter (3.11 to 3.13)
#   make install TORCH_INDEX=URL         take torch from this index first, e.g. the one that holds CPU wheels

VENV        ?= .venv
PYTHON      ?= $(shell sh tools/find-python.sh 3.11 3.12 3.13)
TORCH_INDEX ?=
CHECK       ?=

BIN         := $(VENV)/bin
ALL_EXTRAS  := cpu,demo,dev,train,zh
# What the tests need where torch cannot be had (`make versions`).
NO_TORCH    := faiss-cpu hypothesis ir-measures psutil 'psycopg[binary]' pytest setuptools wheel
VERSIONS    ?= 3.12 3.13

# pip, FAISS and the demo work without a home directory, but want a place for caches.
ifeq ($(shell test -n "$$HOME" && test -d "$$HOME" && test -w "$$HOME" && echo yes),)
export HOME := $(CURDIR)/$(VENV)/home
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Tests talk to nobody and leave the other cores alone.
OFFLINE := HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 GRADIO_ANALYTICS_ENABLED=False OMP_NUM_THREADS=2

PIP_INSTALL = install -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: install demo test quick long check versions clean
.DELETE_ON_ERROR:

install: $(VENV)/.installed

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python from 3.11 to 3.13 with the venv module was found; name one: make install PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps: installed again only when the requirements change.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip $(PIP_INSTALL) -e '.[$(ALL_EXTRAS)]'
	@touch $(VENV)/.demo-installed $@

$(VENV)/.demo-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip $(PIP_INSTALL) -e '.[demo]'
	@touch $@

demo: $(VENV)/.demo-installed
	$(BIN)/shelfwise demo $(if $(CHECK),--check)

test: install
	$(OFFLINE) $(BIN)/python -m pytest

quick: install
	$(OFFLINE) $(BIN)/python -m pytest -m "not slow and not browser"

# The long runs of docs/long-runs.md at full length, about an hour; on a machine that does nothing else.
LONG := kills forks processes offers soak versions chaos training

long: install
	@failed=; for run in $(LONG); do OMP_NUM_THREADS=1 $(BIN)/python tests/long/$$run.py || failed="$$failed $$run"; done; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The other versions of Python, with what needs no torch; says which one it could not find.
versions: $(VERSIONS:%=version-%)

version-%:
	@python=$$(sh tools/find-python.sh $*); \
	if [ -z "$$python" ]; then echo "Python $*: not found here, skipped"; exit 0; fi; \
	echo "Python $*: $$python"; set -e; \
	stamp=$(VENV)-$*/.installed; \
	if [ ! -e $$stamp ] || [ pyproject.toml -nt $$stamp ] || [ constraints.txt -nt $$stamp ]; then \
		"$$python" -m venv $(VENV)-$*; \
		$(VENV)-$*/bin/python -m pip install -q -c constraints.txt -e '.[zh]' $(NO_TORCH); \
		touch $$stamp; \
	fi; \
	$(OFFLINE) $(VENV)-$*/bin/python -m pytest -q -m "not torch and not gpu and not browser and not slow"

clean:
	rm -rf $(VENV) $(VERSIONS:%=$(VENV)-%) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
