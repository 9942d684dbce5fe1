#!/bin/sh
# Runs in the last stage of the Dockerfile: what a base brings along and the operator must not have.
set -eu

base=$(python3 -c 'import sys; print(sys._base_executable)')
stdlib=$("$base" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')

# The official image comes with pip. Gone from the file system is enough: nobody runs what is in a lower layer.
if "$base" -c 'import pip' 2>/dev/null; then
    "$base" -m pip uninstall --quiet --yes --root-user-action ignore pip setuptools wheel 2>/dev/null
fi
rm -rf "$stdlib/ensurepip"
if "$base" -c 'import pip' 2>/dev/null; then
    echo "the base has a pip that cannot be uninstalled: choose one without it" >&2
    exit 1
fi

# The official image has no byte code of the standard library, and a read-only root never gets any.
if ! "$base" -c 'import importlib.util as u, os, pathlib, sys; sys.exit(not pathlib.Path(u.cache_from_source(os.__file__)).exists())'; then
    # Some of its tests are meant not to compile.
    "$base" -m compileall -q --invalidation-mode unchecked-hash -x '/(tests?|idle_test|lib2to3|site-packages)/' "$stdlib"
fi

# Nothing may become root again, also where a pod does not say allowPrivilegeEscalation: false.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# It starts here: with this base's Python, and with all that it links to.
/opt/azure-vpn-operator/bin/azure-vpn-operator version
