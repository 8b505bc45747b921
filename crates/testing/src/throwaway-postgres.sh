#!/bin/sh
# Runs one throwaway PostgreSQL for as long as this script's standard input stays open.
#
#   throwaway-postgres.sh          start a server and obey the commands that come in on stdin
#   throwaway-postgres.sh --find   print the folder of PostgreSQL's programs, or fail
#
# On stdout it answers with one line each time:
#   ready FOLDER     the server takes connections on the unix socket in FOLDER (port 5432, user postgres)
#   stopped          the answer to the command `stop`
#   failed           followed by the reason, to the end of the output
# Commands: `stop` (as if the server had crashed) and `start`.
#
# A pipe's end of file is the one thing that reaches us however the other side ends: a return, a panic or
# kill -9. So that, and nothing else, decides when the server is stopped and its folder removed. There is
# no TCP port on purpose: a socket in a private folder can neither be taken nor be reached by others.
set -u
LC_ALL=C
export LC_ALL

find_programs() {
    for folder in $(printf '%s' "${PATH:-}" | tr ':' ' ') "$(pg_config --bindir 2>/dev/null)" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /usr/local/pgsql/bin; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
    return 1
}

programs=$(find_programs)
if [ "${1:-}" = --find ]; then
    [ -n "$programs" ] || exit 1
    printf '%s\n' "$programs"
    exit 0
fi

# Interrupts from a terminal and writes nobody reads any more must not end us before the server.
trap '' INT HUP PIPE
folder=
server=

finish() {
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null
        wait "$server" 2>/dev/null
        server=
    fi
    [ -z "$folder" ] || rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' TERM

fail() {
    printf 'failed\n%s\n' "$1"
    [ ! -f "$folder/log" ] || tail -n 20 "$folder/log"
    exit 1
}

[ -n "$programs" ] || fail 'PostgreSQL is not installed: found no folder with the programs initdb and postgres.
Install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17) or run scripts/test,
which does that; or let NEXUS_TEST_POSTGRES_URL name a server on which the tests may create databases.'

folder=$(mktemp -d "${TMPDIR:-/tmp}/nexus-pg-XXXXXX" 2>/dev/null) ||
    folder=$(mktemp -d /tmp/nexus-pg-XXXXXX) ||
    { folder=; fail 'found no place for temporary files'; }
cd "$folder" || fail "cannot enter $folder"

# Ordered byte by byte like SQLite, but with case rules for all of Unicode where the system has them.
letters=C
for name in C.UTF-8 C.utf8 en_US.UTF-8 en_US.utf8; do
    if locale -a 2>/dev/null | grep -qx "$name"; then
        letters=$name
        break
    fi
done

"$programs/initdb" --pgdata "$folder/data" --username postgres --auth trust --no-sync \
    --encoding UTF8 --locale C --lc-ctype "$letters" >"$folder/log" 2>&1 || fail 'initdb failed:'

# Nothing here outlives the machine, so nothing needs fsync; commits still survive a crash of the server.
start() {
    rm -f "$folder/data/postmaster.pid"
    "$programs/postgres" -D "$folder/data" -p 5432 \
        -c listen_addresses= -c unix_socket_directories="$folder" -c unix_socket_permissions=0700 \
        -c max_connections=200 -c shared_buffers=64MB -c fsync=off -c full_page_writes=off -c jit=off \
        -c wal_level=minimal -c max_wal_senders=0 -c restart_after_crash=on \
        </dev/null >>"$folder/log" 2>&1 &
    server=$!
    waited=0
    until grep -q '^ready' "$folder/data/postmaster.pid" 2>/dev/null; do
        kill -0 "$server" 2>/dev/null || fail 'the server stopped while it started:'
        [ "$waited" -lt 1200 ] || fail 'the server was not ready after a minute:'
        waited=$((waited + 1))
        sleep 0.05
    done
    printf 'ready %s\n' "$folder"
}

start
while read -r command; do
    case $command in
    stop)
        kill -QUIT "$server" && wait "$server"
        server=
        printf 'stopped\n'
        ;;
    start) [ -n "$server" ] || start ;;
    *) fail "unknown command: $command" ;;
    esac
done
