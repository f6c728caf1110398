#!/usr/bin/env bash
# Creates the virtual environment that the Makefile's targets run in, and installs vidette into it.
# Usage: scripts/install.sh FOLDER        (PYTHON=/path/to/python3.11 chooses the interpreter)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:?the folder of the virtual environment}

fail() { printf 'vidette: %s\n' "$@" >&2; exit 1; }

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3 python; do
    if is_311 "$candidate"; then printf '%s' "$candidate"; return; fi
  done
  fail "needs Python 3.11, found ${PYTHON:-$(python3 --version 2>/dev/null || echo none)}." \
    "On Debian 12: apt-get install python3 python3-venv; or set PYTHON=/path/to/python3.11."
}

if ! is_311 "$venv/bin/python"; then
  python=$(find_python)
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "Python's venv module is incomplete. On Debian: apt-get install python3-venv"
  "$python" -m venv "$venv"
fi

pip=("$venv/bin/python" -m pip --disable-pip-version-check)
if ! "$venv/bin/python" -c 'import llama_cpp' 2>/dev/null; then
  if [ -n "$("${pip[@]}" cache list llama_cpp_python 2>/dev/null | grep -F .whl)" ]; then
    echo "vidette: installing (the local model's runtime is already built)."
  else
    command -v c++ >/dev/null || command -v g++ >/dev/null ||
      fail "needs a C++ compiler for the local model's runtime. On Debian: apt-get install g++"
    echo "vidette: installing; the local model's runtime is compiled once, which takes some minutes."
  fi
fi
# For any processor of its kind, not for this one: llama.cpp built for one with AMX crashes where the
# kernel does not grant it (virtual machines), and pip's cache may serve another machine.
export CMAKE_ARGS="${CMAKE_ARGS:--DGGML_NATIVE=OFF}"
"${pip[@]}" install --quiet --quiet --editable '.[local,openai,evals,dev]'
