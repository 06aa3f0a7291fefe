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

of_pip() { # uv does not read pip's settings, and this machine's index and certificates may stand there
    { "$python" -m pip config list 2>/dev/null || true; } | sed -n "s/^.*\\.$1='\\(.*\\)'\$/\\1/p" | tail -n 1
}

fetch_uv() { # not into .venv: some systems' Python comes without what `python -m venv` needs, and uv does not need it
    echo "Fetching uv, which installs the rest …" >&2
    "$1" -m pip install -qq --root-user-action=ignore --disable-pip-version-check --target .bootstrap uv ||
        { "$1" -m venv .bootstrap && .bootstrap/bin/python -m pip install -qq uv; } || {
        echo "uv could not be fetched with $1 (see above): it needs pip and a package index. Or install uv yourself, then run this again." >&2
        return 1
    }
}

python=$(python_of_machine)
uv=$(command -v uv || true)
[[ -z $uv && -x .bootstrap/bin/uv ]] && uv=.bootstrap/bin/uv
if [[ -z $uv ]]; then
    fetch_uv "$python"
    uv=.bootstrap/bin/uv
fi
index=$(of_pip index-url)
cert=$(of_pip cert)
[[ -z $index || -n ${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-} ]] || export UV_DEFAULT_INDEX=$index
[[ -z $cert || -n ${SSL_CERT_FILE:-} ]] || export SSL_CERT_FILE=$cert
# uv brings certificates of its own; a network that looks into what is fetched has put its own among the machine's.
[[ ! -s /etc/ssl/certs/ca-certificates.crt ]] || export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true} UV_NATIVE_TLS=${UV_NATIVE_TLS:-true}
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf .venv
    "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
fi

echo "Installing what requirements.lock lists: 0.5 GB to fetch, 2.5 GB on the disk, two or three minutes …" >&2
(while sleep 5 >/dev/null 2>&1; do printf . >&2; done) & # a sign of life
beat=$!
trap 'kill "$beat" 2>/dev/null; echo >&2' EXIT
# Compiled now: where PYTHONDONTWRITEBYTECODE is set nothing would ever be compiled later.
"$uv" pip install --quiet --python .venv/bin/python --compile-bytecode -r requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
.venv/bin/python -m compileall -q pyllm_causal
