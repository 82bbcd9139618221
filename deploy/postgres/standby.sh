#!/bin/sh
# Starts a standby that streams from the primary; it is copied from there when it has no files yet. The slot keeps what it has not
# taken in yet, up to max_slot_wal_keep_size of the primary; where it was away for longer, remove its volume and it is copied anew.
set -eu
data=/var/lib/postgresql/standby
umask 077
printf '%s:5432:*:replication:%s\n' "$PRIMARY" "$(cat /run/secrets/postgres-replication)" > /tmp/passfile
from="host=$PRIMARY user=replication passfile=/tmp/passfile application_name=standby"
copy() {
  rm -rf "$data.new"
  # A slot of before may be of no use any more; one that is used cannot be dropped, and then there is another standby.
  pg_receivewal --drop-slot --slot standby --dbname "$from" 2> /dev/null || true
  pg_basebackup --pgdata "$data.new" --write-recovery-conf --wal-method stream --checkpoint fast \
    --slot standby --create-slot --dbname "$from"
}
if [ ! -s "$data/PG_VERSION" ]; then
  until copy; do sleep 1; done
  mv "$data.new" "$data"
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"
