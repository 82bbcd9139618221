#!/bin/sh
# Run once by PostgreSQL's image, when it has made its files: a database and a role for each service, with the password of
# its secret, and a role for replicas. Nobody else gets in.
set -eu

make_role() {
  ROLE=$1 psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set role="$1" --set rights="$2" <<'SQL'
\set password `cat "/run/secrets/postgres-$ROLE"`
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS :rights PASSWORD :'password';
SQL
}

for service in projects funding monitoring gateway; do
  make_role "$service" NOREPLICATION
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set role="$service" <<'SQL'
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done
make_role replication REPLICATION
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<'SQL'
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
SQL
echo 'host replication replication all scram-sha-256' >> "$PGDATA/pg_hba.conf"
