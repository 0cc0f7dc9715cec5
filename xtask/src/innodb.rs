//! What the guardian scripts of `MariaDB` and `MySQL` have in common.

/// Functions for guardian scripts: `begin name [folder]`, `tried command`, `users` and, last, `serve command`. Nothing is
/// synced to disk, because nothing has to survive a crash; the user is made by the server itself when it starts, because a client
/// may not be installed.
pub(crate) const FUNCTIONS: &str = r#"
begin() {
    pattern=orm-$1.XXXXXX
    folder=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/$pattern" 2>/dev/null || mktemp -d "/tmp/$pattern")
    data=$folder/data log=$folder/log server=
    trap 'clean_up 2>/dev/null' EXIT
    trap exit HUP INT TERM
    trap '' PIPE
}
clean_up() {
    set +e
    kill -KILL $server && wait $server
    rm -rf "$folder"
}
tried() {
    "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}
users() {
    cat >"$folder/users.sql" <<END
CREATE USER orm@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO orm@'%' WITH GRANT OPTION;
DROP USER IF EXISTS root@localhost;
CREATE DATABASE IF NOT EXISTS $DATABASE;
END
}
serve() {
    "$@" --datadir="$data" --tmpdir="$folder" --socket="$folder/socket" --pid-file="$folder/pid" \
        --bind-address=127.0.0.1 --port="$PORT" --skip-name-resolve --init-file="$folder/users.sql" --max-connections=200 \
        --character-set-server=utf8mb4 --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF \
        --innodb-flush-method=nosync --skip-log-bin >"$log" 2>&1 &
    server=$!
    until grep -q 'ready for connections' "$log"; do
        kill -0 $server 2>/dev/null || { cat "$log" >&2; exit 1; }
        sleep 0.1
    done
    echo "ready $folder"
    read -r _ || :
}
"#;
