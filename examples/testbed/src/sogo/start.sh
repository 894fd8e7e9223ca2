# Runs a SOGo and what it needs. Environment: FOLDER, DATABASE_PORT, CACHE_PORT, PG (the programs of
# PostgreSQL), AS (what makes a command run as the server's user). Arguments: SOGo's own. See mod.rs.
set -eu
cd "$FOLDER"
export HOME="$FOLDER/home" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TZ=UTC

$AS memcached -l 127.0.0.1 -p "$CACHE_PORT" -U 0 -m 32 &
$AS dovecot -F -c "$FOLDER/dovecot.conf" &

$AS "$PG/initdb" -D "$FOLDER/database" -U postgres --auth=trust --no-sync -E UTF8 \
    --locale=C.UTF-8 >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
$AS "$PG/postgres" -D "$FOLDER/database" -p "$DATABASE_PORT" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$FOLDER/home" -c max_connections=200 -c shared_buffers=32MB \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off \
    -c log_min_messages=fatal &
database=$!
sql() {
    $AS "$PG/psql" -q -h "$FOLDER/home" -p "$DATABASE_PORT" -U postgres -v ON_ERROR_STOP=1 "$@"
}
until sql -c 'SELECT 1' postgres >/dev/null 2>&1; do
    kill -0 "$database" || { echo "PostgreSQL ended" >&2; exit 1; }
    sleep 0.05
done
sql -c 'CREATE DATABASE sogo' postgres
sql -f "$FOLDER/users.sql" sogo

exec $AS /usr/sbin/sogod "$@"
