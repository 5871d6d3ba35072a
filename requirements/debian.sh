#!/bin/sh
# Installs what the tests need beside Python, where it is missing: requirements/debian.sh PROGRAM=PACKAGE ...
# As root, or by sudo, which asks for the password in a terminal. Elsewhere it says what is missing, and fails.
set -eu
PATH="$PATH:/usr/sbin"
missing=
for needed in "$@"; do
    command -v "${needed%%=*}" >/dev/null || missing="$missing ${needed#*=}"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "missing:$missing (Debian's names); install them and run this again" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    # Without a terminal nobody could type the password.
    if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
        echo "missing packages; run this first: apt-get install$missing" >&2
        exit 1
    fi
fi
echo "installing$missing ..."
$as_root apt-get update -qq
# shellcheck disable=SC2086  # one word a package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
