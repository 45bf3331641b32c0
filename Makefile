PYTHON ?= python3
PIP_FLAGS ?=
OUT ?= build/BackPropagation.xlsx
STEPS ?=
LEARNING_RATE ?=
EXPERIMENT ?=
FROM ?=
FILE ?=
FILES ?=
ARGS ?=
ROSTER ?=
FOLDER ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet $(PIP_FLAGS)

# A file's name for the shell, whatever it holds: O'Brien.xlsx.
quoted = '$(subst ','\'',$(1))'

# One stamp a set of packages: set-up runs once, and again only when pyproject.toml changes.
READY := $(VENV)/ready
READY_CNN := $(VENV)/ready-cnn
READY_ONNX := $(VENV)/ready-onnx
READY_TEST := $(VENV)/ready-test
READY_QUICK := $(VENV)/ready-quick

# What each target takes; any other variable on the command line is a slip (STEP=5), and would do nothing.
TAKES_workbook := STEPS LEARNING_RATE EXPERIMENT FROM OUT ARGS
TAKES_page := EXPERIMENT OUT
TAKES_playground := OUT
TAKES_exercise := EXPERIMENT ARGS
TAKES_class := ROSTER EXPERIMENT ARGS
TAKES_grade := FOLDER ROSTER EXPERIMENT ARGS
TAKES_digit := OUT ARGS
TAKES_audit := FILE FILES ARGS
TAKES_samples := ARGS
TAKES_gradcheck := FILE ARGS
TAKES_train := ARGS
TAKES_evaluate := ARGS
TAKES_predict := ARGS
TAKES_test := ARGS
TAKES_quick := ARGS
TAKES := $(foreach goal,$(MAKECMDGOALS),$(TAKES_$(goal)))
GIVEN := $(foreach name,$(filter-out -%,$(.VARIABLES)),$(if $(filter command,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(TAKES) PYTHON PIP_FLAGS GIVEN TAKES UNKNOWN,$(GIVEN))
ifneq ($(UNKNOWN),)
$(error make $(MAKECMDGOALS): got $(UNKNOWN), expected $(or $(strip $(TAKES)),no variable) (or PYTHON, PIP_FLAGS))
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help workbook page playground exercise class grade digit samples audit gradcheck train evaluate predict test quick lint pictures bench clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@echo "Creating $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(READY): pyproject.toml | $(BIN)/python
	@echo "Installing the workbook's packages ..."
	@$(PIP) --editable .
	@touch $@

$(READY_CNN): pyproject.toml | $(BIN)/python
	@echo "Installing the CNN's packages (torch is large: minutes) ..."
	@$(PIP) --editable '.[cnn]'
	@touch $@ $(READY)

$(READY_ONNX): pyproject.toml | $(BIN)/python
	@echo "Installing the packages that read ONNX ..."
	@$(PIP) --editable '.[onnx]'
	@touch $@ $(READY)

$(READY_TEST): pyproject.toml | $(BIN)/python
	@echo "Installing the tests' packages (torch is large: minutes) ..."
	@$(PIP) --editable '.[cnn,onnx,test]'
	@touch $@ $(READY) $(READY_CNN) $(READY_ONNX)

$(READY_QUICK): pyproject.toml | $(BIN)/python
	@echo "Installing the tests' packages ..."
	@$(PIP) --editable '.[test]'
	@touch $@ $(READY)

workbook: $(if $(filter %.onnx,$(FROM)),$(READY_ONNX),$(if $(FROM),$(READY_CNN),$(READY))) ## write build/BackPropagation.xlsx (STEPS=80 LEARNING_RATE=1 EXPERIMENT=file.toml FROM=model.py:net OUT=file.xlsx)
	@$(BIN)/python -m workbook build $(if $(STEPS),--steps='$(STEPS)') $(if $(LEARNING_RATE),--learning-rate='$(LEARNING_RATE)') \
	  $(if $(EXPERIMENT),--experiment=$(call quoted,$(EXPERIMENT))) $(if $(FROM),--from=$(call quoted,$(FROM))) $(call quoted,$(OUT)) $(ARGS)

page: $(READY) ## write a training as one HTML page, sliders over steps and learning rates (EXPERIMENT=xor OUT=file.html)
	@$(BIN)/python -m workbook page $(call quoted,$(or $(EXPERIMENT),default)) $(if $(filter command,$(origin OUT)),$(call quoted,$(OUT)))

playground: $(READY) ## write build/playground.html: train and take workbooks in a browser, without installing anything (needs npm; fetches 83 MB once)
	@$(BIN)/python -m workbook playground $(if $(filter command,$(origin OUT)),$(call quoted,$(OUT)))

exercise: $(READY) ## write build/exercise.xlsx for a student to fill (EXPERIMENT=file.toml ARGS="--seed 7 --solution s.xlsx", ARGS=--exam)
	@$(BIN)/python -m workbook exercise $(if $(EXPERIMENT),--experiment=$(call quoted,$(EXPERIMENT))) $(ARGS)

class: $(READY) ## write an exercise for each student (ROSTER=students.csv EXPERIMENT=file.toml ARGS="--seed 7 --zip --exam")
	@$(BIN)/python -m workbook class $(if $(ROSTER),--roster=$(call quoted,$(ROSTER))) \
	  $(if $(EXPERIMENT),--experiment=$(call quoted,$(EXPERIMENT))) $(ARGS)

grade: $(READY) ## grade what they handed in (FOLDER=submissions ROSTER=students.csv ARGS="--seed 7 --typed 0")
	@$(BIN)/python -m workbook grade $(if $(FOLDER),$(call quoted,$(FOLDER))) $(if $(ROSTER),--roster=$(call quoted,$(ROSTER))) \
	  $(if $(EXPERIMENT),--experiment=$(call quoted,$(EXPERIMENT))) $(ARGS)

digit: $(READY) ## write build/digit.xlsx: paint a digit, see the CNN read it (ARGS="--backward --model runs/.../model.safetensors")
	@$(BIN)/python -m workbook digit $(if $(filter command,$(origin OUT)),$(call quoted,$(OUT))) $(ARGS)

samples: $(READY) ## write build/samples/: a right workbook and two with a slip, to try audit and gradcheck on
	@$(BIN)/python -m workbook samples $(ARGS)

audit: $(READY) ## find the slips in anybody's workbook (FILE=theirs.xlsx, FILES="a.xlsx folder", ARGS="--html report.html")
	@$(BIN)/python -m workbook audit $(if $(FILE),$(call quoted,$(FILE))) \
	  $(if $(FILES),$(call quoted,$(FILES))) $(ARGS)

gradcheck: $(READY) ## are a sheet's gradients the derivatives of its loss? (FILE=theirs.xlsx, ARGS="--loss I17 ...")
	@$(BIN)/python -m workbook gradcheck $(if $(FILE),$(call quoted,$(FILE))) $(ARGS)

train: $(READY_CNN) ## train the 19,298-parameter CNN on MNIST (ARGS="--recipe quick --epochs 1 --limit 10000", ARGS=--resume)
	@$(BIN)/python -m cnn train $(ARGS)

evaluate: $(READY_CNN) ## score the trained CNN on MNIST's 10,000 test images (seconds)
	@$(BIN)/python -m cnn evaluate $(ARGS)

predict: $(READY_CNN) ## read digits on pictures (ARGS="digit.png more.png")
	@$(BIN)/python -m cnn predict $(ARGS)

test: $(READY_TEST) ## prove every number: all tests (ARGS="-k softmax" for some of them)
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

quick: $(READY_QUICK) ## the mathematics alone, without torch: the engine, formulas, their derivatives, the rooms
	@$(BIN)/python -m pytest --numprocesses auto tests/engine tests/test_rooms.py tests/workbook/test_trees.py \
	  tests/workbook/test_backward.py tests/workbook/test_definitions.py tests/workbook/test_differentiate.py $(ARGS)

lint: $(READY_TEST) ## ruff and strict types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

pictures: $(READY_TEST) ## make the README's pictures in assets/ (needs LibreOffice and Chromium)
	@$(BIN)/python -m tests.pictures

bench: $(READY_TEST) ## measure speed, as ratios
	@$(BIN)/python -m tests.bench_commands
	@$(BIN)/python -m pytest --benchmark-only tests/*/bench_*.py

clean: ## remove what was built, the environment included
	rm -rf build dist $(VENV) *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
