//! A throw-away `MariaDB` server: installed if need be, on a free loopback port, in a temporary folder.

use std::path::PathBuf;

use crate::guardian::Guardian;
use crate::server::{self, Running, Server, Urls};
use crate::{Result, certificates, debian, innodb};

/// `MariaDB`, as the report and the tests know it.
pub(crate) const SERVER: Server =
    Server { name: "mariadb", backend: true, required: true, variable: "ORM_TEST_MARIADB", start };

/// One to measure on, which the tests know nothing of.
pub(crate) const BENCH_SERVER: Server =
    Server { variable: "ORM_BENCH_MARIADB", start: start_for_bench, ..SERVER };

/// A second one, which takes encrypted connections alone.
pub(crate) const TLS_SERVER: Server = Server {
    name: "mariadb with TLS",
    backend: false,
    variable: "ORM_TEST_MARIADB_TLS",
    start: start_tls,
    ..SERVER
};

/// The guardian script.
const SCRIPT: &str = r#"
begin mariadb "$MEMORY"
tried mariadb-install-db --no-defaults --datadir="$data" --tmpdir="$folder" --skip-test-db \
    --auth-root-authentication-method=normal
users
options=
if [ "$TLS" = yes ]; then
    certificates "$log"
    options="--require-secure-transport=ON --ssl-ca=$folder/root.crt --ssl-cert=$folder/server.crt --ssl-key=$folder/server.key"
fi
serve mariadbd --no-defaults $options
"#;

fn start(_: &Urls<'_>) -> Result<Running> {
    start_with("mysql", "")
}

/// In memory, where there is such a folder: each time that a table's file grows the server waits for the disk, whatever it is told.
fn start_for_bench(_: &Urls<'_>) -> Result<Running> {
    start_with("bench", "/dev/shm")
}

fn start_with(database: &str, memory: &str) -> Result<Running> {
    let (port, password) = (server::free_port()?, server::password()?);
    let url = format!("mariadb://orm:{password}@127.0.0.1:{port}/{database}");
    let guardian = guardian(port, password, [database, memory, "no"])?;
    Ok(Running { url, _guardian: Some(guardian) })
}

fn start_tls(_: &Urls<'_>) -> Result<Running> {
    certificates::find_or_install(TLS_SERVER.variable)?;
    let (port, password) = (server::free_port()?, server::password()?);
    let login = format!("mariadb://orm:{password}@localhost:{port}/mysql");
    let guardian = guardian(port, password, ["mysql", "", "yes"])?;
    let url = format!("{login}?sslca={}/root.crt", guardian.said());
    Ok(Running { url, _guardian: Some(guardian) })
}

fn guardian(port: u16, password: String, [database, memory, tls]: [&str; 3]) -> Result<Guardian> {
    let variables = [
        ("PORT", port.to_string()),
        ("PASSWORD", password),
        ("DATABASE", database.to_owned()),
        ("MEMORY", memory.to_owned()),
        ("TLS", tls.to_owned()),
    ];
    let script = format!("{}{}{SCRIPT}", certificates::FUNCTIONS, innodb::FUNCTIONS);
    Guardian::start(&script, &find_or_install()?, &variables)
}

/// The folder of the server, to go first on its search path.
fn find_or_install() -> Result<PathBuf> {
    if let Some(folder) = find() {
        return Ok(folder);
    }
    debian::install("MariaDB", "mariadb-server", SERVER.variable)?;
    find().ok_or_else(|| "MariaDB was installed, but mariadbd and mariadb-install-db are nowhere".into())
}

fn find() -> Option<PathBuf> {
    let install = debian::find("mariadb-install-db");
    let server = debian::find("mariadbd").filter(|_| install.is_some())?;
    Some(server.parent()?.to_path_buf())
}
