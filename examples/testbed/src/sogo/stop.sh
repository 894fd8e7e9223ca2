# PostgreSQL would leave a piece of shared memory behind if it were killed. See mod.rs.
folder=${0%/*}
database=$(head -n 1 "$folder/database/postmaster.pid") || exit 0
kill -s INT "$database"
tries=0
while [ -e "$folder/database/postmaster.pid" ] && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
