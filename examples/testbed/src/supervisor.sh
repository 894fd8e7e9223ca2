# $1: the scratch folder to make. Standard input: one line that starts the server; then its end
# is the order to stop. See supervisor.rs.
folder=$1
umask 022
mkdir -m 755 -- "$folder" 2>/dev/null || exit 1
echo made
server=
if IFS= read -r command; then
    # In a session, and so a process group, of its own: nothing else is hit when it is killed.
    setsid sh -c "$command" >"$folder/output.log" 2>&1 </dev/null &
    server=$!
    echo "$server"
    while IFS= read -r _; do :; done
fi
if [ -n "$server" ]; then
    # What a server wants done before, lest it leaves something behind outside of the folder.
    [ ! -f "$folder/stop.sh" ] || sh "$folder/stop.sh" >/dev/null 2>&1 </dev/null
    # First the leader alone: it may not have its group yet. Then it starts nothing any more, and
    # what it started is in the group.
    kill -s KILL -- "$server" 2>/dev/null
    kill -s KILL -- "-$server" 2>/dev/null
    wait "$server" 2>/dev/null
fi
# Once more in case that a dying process wrote one last file.
rm -rf -- "$folder" || { sleep 0.2; rm -rf -- "$folder"; }
