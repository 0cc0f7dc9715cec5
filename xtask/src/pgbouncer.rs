//! A throw-away PgBouncer in transaction mode in front of the PostgreSQL server of the suite.

use std::path::Path;

use crate::guardian::Guardian;
use crate::server::{self, Running, Server, Urls};
use crate::{Result, debian, postgres};

/// PgBouncer with ten connections to each database, whoever asks.
pub(crate) const SERVER: Server =
    Server { name: "pgbouncer", backend: false, required: true, variable: "ORM_TEST_PGBOUNCER", start };

const SCRIPT: &str = r#"
pattern=orm-pgbouncer.XXXXXX
folder=$(mktemp -d "${TMPDIR:-/tmp}/$pattern" 2>/dev/null || mktemp -d "/tmp/$pattern")
server=

clean_up() {
    set +e
    kill -0 $server || { echo 'PgBouncer has died:' && tail -n 20 "$folder/log"; } >&3
    kill -TERM $server && wait $server
    rm -rf "$folder"
}
exec 3>&2
trap 'clean_up 2>/dev/null' EXIT
trap exit HUP INT TERM
trap '' PIPE

: >"$folder/log"
cat >"$folder/pgbouncer.ini" <<END
[databases]
* = host=$SERVER_HOST port=$SERVER_PORT user=$SERVER_USER password=$SERVER_PASSWORD

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $PORT
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 10
max_client_conn = 500
server_tls_sslmode = disable
END

pgbouncer "$folder/pgbouncer.ini" >>"$folder/log" 2>&1 &
server=$!
until grep -q 'process up' "$folder/log"; do
    kill -0 $server 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
echo ready
read -r _ || :
"#;

fn start(urls: &Urls<'_>) -> Result<Running> {
    let url = urls.of(&postgres::SERVER).ok_or("there is no PostgreSQL to put PgBouncer in front of")?;
    let login = login(url).ok_or("ORM_TEST_POSTGRES is not postgres://user:password@host:port/database")?;
    let program = match debian::find("pgbouncer") {
        Some(program) => program,
        None => {
            debian::install("PgBouncer", "pgbouncer", SERVER.variable)?;
            debian::find("pgbouncer").ok_or("PgBouncer was installed and is nowhere")?
        }
    };
    let port = server::free_port()?;
    let [user, password, host, server_port] = login;
    let variables = [
        ("PORT", port.to_string()),
        ("SERVER_USER", user.to_owned()),
        ("SERVER_PASSWORD", password.to_owned()),
        ("SERVER_HOST", host.to_owned()),
        ("SERVER_PORT", server_port.to_owned()),
    ];
    let guardian = Guardian::start(SCRIPT, program.parent().unwrap_or(Path::new("/")), &variables)?;
    let url = format!("postgres://{user}@127.0.0.1:{port}/postgres?pooler=transaction");
    Ok(Running { url, _guardian: Some(guardian) })
}

/// User, password, host and port.
fn login(url: &str) -> Option<[&str; 4]> {
    let (login, rest) = url.split_once("://")?.1.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let (host, port) = rest.split('/').next()?.rsplit_once(':')?;
    Some([user, password, host, port])
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_login_is_found() {
        assert_eq!(super::login("postgres://u:p@h:1/db"), Some(["u", "p", "h", "1"]));
        assert_eq!(super::login("postgres://h/db"), None);
    }
}
