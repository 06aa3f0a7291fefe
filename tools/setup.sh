#!/usr/bin/env bash
# Make .venv from requirements.lock, with the project itself editable in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python_of_machine() { # the first Python that is new enough; PYTHON overrides
    local name
    for name in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3.11 …" >&2
    return 1
}

fetch_uv() { # not into .venv: some systems' Python comes without what `python -m venv` needs, and uv does not need it
    echo "Fetching uv, which installs the rest …" >&2
    "$1" -m pip install -qq --root-user-action=ignore --disable-pip-version-check --target .bootstrap uv ||
        { "$1" -m venv .bootstrap && .bootstrap/bin/python -m pip install -qq uv; }
}

python=$(python_of_machine)
uv=$(command -v uv || true)
[[ -z $uv && -x .bootstrap/bin/uv ]] && uv=.bootstrap/bin/uv
if [[ -z $uv ]]; then
    fetch_uv "$python"
    uv=.bootstrap/bin/uv
fi
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf .venv
    "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
fi

echo "Installing what requirements.lock lists (about two minutes) …" >&2
# Compiled now: where PYTHONDONTWRITEBYTECODE is set nothing would ever be compiled later.
"$uv" pip install --quiet --python .venv/bin/python --compile-bytecode -r requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
.venv/bin/python -m compileall -q pyllm_causal
