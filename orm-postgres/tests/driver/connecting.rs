//! Connections that open, do not open, and break.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use orm_core::driver::{Backend, Begin, ConnectOptions, Control, Row};
use orm_core::{ErrorKind, Value};

use crate::support::*;

/// The URL with another password and another database.
fn change(url: &str, password: &str, database: &str) -> String {
    let (login, rest) = url.rsplit_once('@').expect("a URL with a login");
    let (user, _) = login.rsplit_once(':').expect("a URL with a password");
    let (address, _) = rest.split_once('/').expect("a URL with a database");
    format!("{user}:{password}@{address}/{database}")
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_is_told_without_the_password() {
    let Some(url) = server() else { return };
    let error = connect_error(&change(&url, "hunter2", "postgres")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));

    let password = url.rsplit_once('@').and_then(|(login, _)| login.rsplit_once(':')).expect("a password").1;
    let error = connect_error(&change(&url, password, "no_such_database")).await;
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Connect, Some("3D000")), "{error}");

    let missing = change(&url, "", "postgres").replacen(":@", "@", 1);
    assert_eq!(connect_error(&missing).await.kind(), ErrorKind::Authentication);
}

#[tokio::test]
async fn a_server_that_is_down_or_silent_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let url = format!("postgres://alice:hunter2@{address}/db");
    let options =
        ConnectOptions { connect_timeout: Some(Duration::from_secs(1)), ..ConnectOptions::default() };
    let error = backend(&url).connect_async(&options).await.err().expect("no connection");
    assert!(error.kind() == ErrorKind::Connect && error.to_string().contains("within 1 s"), "{error}");
    drop(listener);
    let error = connect_error(&url).await;
    let text = format!("{error} {error:?}");
    assert!(error.kind() == ErrorKind::Connect && text.contains(&address.to_string()), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_lost() {
    let Some(url) = server() else { return };
    let mut other = connect(&url).await;
    for in_transaction in [false, true] {
        let mut conn = connect(&url).await;
        if in_transaction {
            begin(&mut conn).await;
        }
        let pid = select(&mut conn, "SELECT pg_backend_pid()").await.expect("a row").remove(0).remove(0);
        let end = query("SELECT pg_terminate_backend($1, 5000)", &[orm_core::SqlType::Integer]);
        assert_eq!(run(&mut other, &end, &[pid]).await.expect("its end"), [[Value::Bool(true)]]);
        let error = select(&mut conn, "SELECT 1").await.expect_err("it is gone");
        assert!(error.is_connection_lost() && conn.is_broken(), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_while_an_answer_is_owed_is_lost() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    let error =
        select(&mut conn, "SELECT pg_terminate_backend(pg_backend_pid())").await.expect_err("it is gone");
    assert!(error.is_connection_lost() && conn.is_broken(), "{error}");
}

#[tokio::test]
async fn a_session_begins_as_the_url_says() {
    let Some(url) = server() else { return };
    let options =
        "options=-c%20search_path%3Dnowhere&application_name=sh%C3%B6p&target_session_attrs=read-write";
    let mut conn = connect(&format!("{url}?{options}")).await;
    let settings = "SELECT current_setting('search_path'), current_setting('application_name')";
    let row = select(&mut conn, settings).await.expect("a row").remove(0);
    // PostgreSQL 16 keeps the name; those before it replace what is not ASCII.
    assert_eq!(row[0], text("nowhere"));
    assert!(matches!(&row[1], Value::Text(name) if name.starts_with("sh") && name.ends_with('p')), "{row:?}");
    let error = connect_error(&format!("{url}?target_session_attrs=read-only")).await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
}

#[tokio::test]
async fn a_unix_socket_is_a_host_in_the_url() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    let directory =
        select(&mut conn, "SELECT current_setting('unix_socket_directories')").await.expect("a row");
    let Value::Text(directory) = &directory[0][0] else { unreachable!("a text column") };
    let (login, rest) = url.rsplit_once('@').expect("a URL with a login");
    let (address, database) = rest.split_once('/').expect("a URL with a database");
    let port = address.rsplit_once(':').map_or("5432", |(_, port)| port);
    let socket = directory.split(',').next().unwrap_or_default().trim().replace('/', "%2F");
    if std::path::Path::new(&format!("{}/.s.PGSQL.{port}", socket.replace("%2F", "/"))).exists() {
        let mut conn = connect(&format!("{login}@{socket}:{port}/{database}")).await;
        assert_eq!(select(&mut conn, "SELECT 1").await.expect("a row"), [[Value::Int(1)]]);
    }
}

#[test]
fn the_blocking_form_works_on_a_plain_thread() {
    let Some(url) = server() else { return };
    let backend = backend(&url);
    let mut conn = backend.connect(&ConnectOptions::default()).expect("a connection");
    let mut sum = 0;
    conn.control(Control::Begin(Begin::READ)).expect("BEGIN");
    let numbers = query("SELECT generate_series(1, 1000)", &[]);
    let count = conn.run(&numbers, &[], &mut |row: &dyn Row| {
        if let Value::Int(number) = row.value(0)? {
            sum += number;
        }
        Ok(())
    });
    assert_eq!((count.expect("rows"), sum), (1_000, 500_500));
    conn.control(Control::Commit).expect("COMMIT");
    // It may move to another thread, and the time between two calls does not matter.
    let moved = thread::spawn(move || conn.script("SELECT 1").is_ok() && !conn.is_broken());
    assert!(moved.join().expect("no panic"));
}

#[tokio::test]
async fn the_blocking_form_inside_a_runtime_is_misuse() {
    let Some(url) = server() else { return };
    let error = backend(&url).connect(&ConnectOptions::default()).err().expect("no connection");
    assert_eq!(error.kind(), ErrorKind::Misuse);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_use_connections_of_their_own() {
    let Some(url) = server() else { return };
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let url = url.clone();
            tokio::spawn(async move {
                let mut conn = connect(&url).await;
                select(&mut conn, &format!("SELECT {number}")).await.expect("a row")
            })
        })
        .collect();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), [[Value::Int(number)]]);
    }
}

#[tokio::test]
async fn the_tables_of_the_schema_are_listed() {
    use orm_core::query::Dialect;
    let table = table("Connecting \"Tables\"", 1, &[("id", orm_core::SqlType::BigInt)]);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let names = select(&mut conn, orm_postgres::PostgresDialect.catalogue().tables()).await.expect("names");
    assert!(names.iter().any(|row| row[1] == text(table.name())), "{names:?}");
}
