# The chores of the house, one word each. `just` is optional: each line is a plain command.

# Install everything for development into the active virtual environment.
install:
    pip install -r requirements-dev.txt

# Run all tests.
test *args:
    python -m pytest {{args}}

# Types, style, floors.
check:
    mypy core/src/polyreel plugins/*/src/* tests/typing
    ruff check .
    ruff format --check .
    lint-imports

# Write what is generated: the published schemas, the pages of the models, the tables in README and docs.
generate:
    polyreel schemas export schemas
    polyreel schemas pages docs/models
    cog -r README.md docs/*.md plugins/*/README.md

# Coverage of core and plugins.
coverage:
    python -m pytest -m "not oracle" --cov --cov-report=term-missing:skip-covered

# Speed, as ratios against bare libraries and peers.
benchmark:
    python benchmarks/start.py
    python benchmarks/submit.py
    python benchmarks/durable.py
    python benchmarks/fetch.py
    python benchmarks/concurrency.py
    python benchmarks/waiting.py

# What CI runs.
ci:
    .ci/run
