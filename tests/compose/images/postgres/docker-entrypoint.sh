#!/bin/bash
# Follows what PostgreSQL's image documents, as far as docker-compose.yml relies on it: the files are made once, with the password of
# a file; scripts of /docker-entrypoint-initdb.d run against a server that the network does not reach; then it serves.
set -euo pipefail
sockets=/var/run/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 0700 "$PGDATA"
  # shellcheck disable=SC2086  (words of their own)
  initdb --username postgres --pwfile "$POSTGRES_PASSWORD_FILE" -D "$PGDATA" ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=$sockets" -w start
  export PGHOST=$sockets PGUSER=postgres PGDATABASE=postgres
  for script in /docker-entrypoint-initdb.d/*.sh; do
    if [ -x "$script" ]; then "$script"; else . "$script"; fi
  done
  unset PGHOST PGUSER PGDATABASE
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=$sockets
