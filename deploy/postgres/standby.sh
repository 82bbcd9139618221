#!/bin/sh
# Starts a replica that streams from the primary; it is copied from there when it has no files yet.
set -eu
data=/var/lib/postgresql/replica
umask 077
printf '%s:5432:*:replication:%s\n' "$PRIMARY" "$(cat /run/secrets/postgres-replication)" > /tmp/passfile
if [ ! -s "$data/PG_VERSION" ]; then
  rm -rf "$data"
  until PGPASSFILE=/tmp/passfile pg_basebackup --pgdata "$data" --write-recovery-conf --wal-method stream --checkpoint fast \
      --dbname "host=$PRIMARY user=replication passfile=/tmp/passfile application_name=replica"; do
    rm -rf "$data"
    sleep 1
  done
fi
exec postgres -D "$data" "$@"
