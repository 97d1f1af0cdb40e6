#!/bin/sh
# Print the first interpreter that has one of the versions named as arguments (3.11 3.12 …) and can make a virtual
# environment; print nothing where there is none. A name on the path is not enough: pyenv leaves there names of
# versions that are not switched on, and Debian ships Python without ensurepip.

works() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$2" >/dev/null 2>&1
}

pyenv_root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")}

for version in "$@"; do
    for candidate in "python$version" python3 python "$pyenv_root/versions/$version".*/bin/python; do
        found=$(command -v "$candidate" 2>/dev/null) || continue
        if works "$found" "$version"; then
            echo "$found"
            exit 0
        fi
    done
done
