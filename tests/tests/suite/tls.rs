//! Encrypted connections, to a server that takes no others.

use std::path::PathBuf;

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms, special};

/// The server: its URL up to the `?`, and the folder of its certificates.
struct Secure {
    url: String,
    folder: PathBuf,
}

impl Secure {
    fn server() -> Option<Self> {
        Self::at("ORM_TEST_POSTGRES_TLS", "?sslrootcert=")
    }

    fn at(variable: &'static str, option: &str) -> Option<Self> {
        let url = special(variable)?;
        let (url, root) = url.split_once(option).unwrap();
        Some(Self { url: url.to_owned(), folder: PathBuf::from(root).parent().unwrap().to_owned() })
    }

    fn with(&self, options: &str) -> String {
        format!("{}?{options}", self.url)
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

#[both_forms]
mod tls {
    use super::*;

    /// Fails on the server if the connection is not encrypted.
    const ENCRYPTED: &str = "SELECT 1 / count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";

    /// The modes, with the right authority, with another one, and for another name.
    #[case(postgres)]
    async fn each_mode_checks_as_much_as_it_says(db: Db) {
        let Some(secure) = Secure::server() else { return };
        let (root, other) = (secure.file("root.crt"), secure.file("other.crt"));
        for options in [
            "sslmode=prefer".to_owned(),
            "sslmode=require".to_owned(),
            format!("sslmode=require&sslrootcert={root}"),
            format!("sslmode=verify-ca&sslrootcert={root}"),
            format!("sslmode=verify-full&sslrootcert={root}"),
            format!("sslmode=verify-full&sslrootcert={}", secure.file("server.crt")),
        ] {
            let engine = Engine::open(&secure.with(&options)).unwrap();
            engine.script(ENCRYPTED).await.unwrap();
        }
        for (options, words) in [
            (format!("sslmode=verify-full&sslrootcert={other}"), "?sslrootcert="),
            (format!("sslmode=verify-ca&sslrootcert={other}"), "UnknownIssuer"),
            (format!("sslmode=require&sslrootcert={other}"), "UnknownIssuer"),
            ("sslmode=verify-full".to_owned(), "UnknownIssuer"),
            ("sslmode=disable".to_owned(), "it wants TLS: add ?sslmode=verify-full"),
        ] {
            let error = Engine::open(&secure.with(&options)).unwrap().script(ENCRYPTED).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Authentication), "{error}");
            assert_says(&error, &["localhost", words]);
        }
        let elsewhere = secure.url.replace("localhost", "127.0.0.1");
        let engine = Engine::open(&format!("{elsewhere}?sslmode=verify-ca&sslrootcert={root}")).unwrap();
        engine.script(ENCRYPTED).await.unwrap();
        let engine = Engine::open(&format!("{elsewhere}?sslmode=verify-full&sslrootcert={root}")).unwrap();
        assert_says(engine.script(ENCRYPTED).await.unwrap_err(), &["not valid for name", "verify-ca"]);
        db.script("SELECT 1").await;
    }

    /// A client that shows a certificate needs no password.
    #[case(postgres)]
    async fn a_client_certificate_is_a_login(db: Db) {
        let Some(secure) = Secure::server() else { return };
        let (_, address) = secure.url.rsplit_once('@').unwrap();
        let files = ["root.crt", "client.crt", "client.key"].map(|name| secure.file(name));
        let options = format!("sslmode=verify-full&sslrootcert={}", files[0]);
        let url =
            format!("postgres://certified@{address}?{options}&sslcert={}&sslkey={}", files[1], files[2]);
        let engine = Engine::open(&secure.with(&options)).unwrap();
        // Both forms run at the same time.
        let _ = engine.script("CREATE USER certified").await;
        Engine::open(&url).unwrap().script(ENCRYPTED).await.unwrap();
        let error = Engine::open(&format!("{url}x")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Url);
        assert_says(error, &["sslkey", "client.keyx"]);
        assert_eq!(db.engine.script("SELECT 1").await.err().map(|error| error.kind()), None);
    }

    /// [ENG-1] A password of characters that mean something in a URL, in SQL, or elsewhere in the world.
    #[case(postgres)]
    async fn a_password_may_hold_anything(db: Db) {
        let Some(secure) = Secure::server() else { return };
        let user = format!("odd_{}", std::any::type_name::<Db>().len());
        let options = format!("sslmode=verify-full&sslrootcert={}", secure.file("root.crt"));
        let admin = Engine::open(&secure.with(&options)).unwrap();
        admin.script(&format!("CREATE USER {user} PASSWORD 'p@:w/%?#&ü '''")).await.unwrap();
        let (_, address) = secure.url.rsplit_once('@').unwrap();
        let login = |password: &str| format!("postgres://{user}:{password}@{address}?{options}");
        let password = "p%40%3Aw%2F%25%3F%23%26%C3%BC%20%27";
        Engine::open(&login(password)).unwrap().script(ENCRYPTED).await.unwrap();
        let error = Engine::open(&login("p%40")).unwrap().script(ENCRYPTED).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        admin.script(&format!("DROP USER {user}")).await.unwrap();
        db.script("SELECT 1").await;
    }

    /// A server without TLS is not talked to in the clear unless that is allowed.
    #[case(postgres)]
    async fn a_server_without_tls_is_refused_with_advice(db: Db) {
        let url = |mode: &str| format!("{}?sslmode={mode}", db.database.url);
        for mode in ["disable", "prefer"] {
            Engine::open(&url(mode)).unwrap().script("SELECT 1").await.unwrap();
        }
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = Engine::open(&url(mode)).unwrap().script("SELECT 1").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert_says(&error, &["does not support TLS", "?sslmode=disable"]);
        }
    }
}

#[both_forms]
mod tls_of_mariadb {
    use super::*;

    /// Fails on the server if the connection is not encrypted.
    const ENCRYPTED: &str = "CREATE OR REPLACE TEMPORARY TABLE mysql.one (a int NOT NULL); INSERT INTO mysql.one \
         SELECT nullif(VARIABLE_VALUE, '') IS NOT NULL OR NULL FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'";

    fn server() -> Option<Secure> {
        Secure::at("ORM_TEST_MARIADB_TLS", "?sslca=")
    }

    /// The modes, with the right authority, with another one, and for another name.
    #[case(mariadb)]
    async fn each_mode_checks_as_much_as_it_says(db: Db) {
        let Some(secure) = server() else { return };
        let (root, other) = (secure.file("root.crt"), secure.file("other.crt"));
        for options in [
            "sslmode=require".to_owned(),
            format!("sslmode=require&sslca={root}"),
            format!("sslmode=verify-ca&sslca={root}"),
            format!("sslmode=verify-full&sslca={root}"),
        ] {
            let engine = Engine::open(&secure.with(&options)).unwrap();
            engine.script(ENCRYPTED).await.unwrap();
        }
        for (options, words) in [
            (format!("sslmode=verify-full&sslca={other}"), "UnknownIssuer"),
            (format!("sslmode=verify-ca&sslca={other}"), "UnknownIssuer"),
            (format!("sslmode=require&sslca={other}"), "UnknownIssuer"),
            ("sslmode=verify-full".to_owned(), "UnknownIssuer"),
            ("sslmode=disable".to_owned(), "it wants TLS: add ?sslmode=verify-full"),
        ] {
            let error = Engine::open(&secure.with(&options)).unwrap().script(ENCRYPTED).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Authentication), "{error}");
            assert_says(&error, &["localhost", words]);
        }
        let elsewhere = secure.url.replace("localhost", "127.0.0.1");
        let engine = Engine::open(&format!("{elsewhere}?sslmode=require")).unwrap();
        engine.script(ENCRYPTED).await.unwrap();
        // The driver knows the refusal of a name by a word that rustls no longer says, so it looks at the name where it need not.
        for mode in ["verify-ca", "verify-full"] {
            let engine = Engine::open(&format!("{elsewhere}?sslmode={mode}&sslca={root}")).unwrap();
            assert_says(engine.script(ENCRYPTED).await.unwrap_err(), &["not valid for name"]);
        }
        db.script("SELECT 1").await;
    }

    /// A user who has to show a certificate, and needs no password.
    #[case(mariadb)]
    async fn a_client_certificate_is_a_login(db: Db) {
        let Some(secure) = server() else { return };
        let (_, address) = secure.url.rsplit_once('@').unwrap();
        let files = ["root.crt", "client.crt", "client.key"].map(|name| secure.file(name));
        let options = format!("sslmode=verify-full&sslca={}", files[0]);
        let admin = Engine::open(&secure.with(&options)).unwrap();
        admin
            .script("CREATE USER IF NOT EXISTS certified@'%' REQUIRE SUBJECT '/CN=certified'")
            .await
            .unwrap();
        let url = format!("mariadb://certified@{}?{options}", address.replace("/mysql", "/"));
        let shown = format!("{url}&sslcert={}&sslkey={}", files[1], files[2]);
        Engine::open(&shown).unwrap().script("SELECT 1").await.unwrap();
        let error = Engine::open(&url).unwrap().script("SELECT 1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        assert_eq!(Engine::open(&format!("{url}&sslcert=x")).err().unwrap().kind(), ErrorKind::Url);
        db.script("SELECT 1").await;
    }

    /// A server without TLS is not talked to in the clear unless that is allowed.
    #[case(mariadb)]
    async fn a_server_without_tls_is_refused_with_advice(db: Db) {
        let url = |mode: &str| format!("{}?sslmode={mode}", db.database.url);
        Engine::open(&url("disable")).unwrap().script("SELECT 1").await.unwrap();
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = Engine::open(&url(mode)).unwrap().script("SELECT 1").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert_says(&error, &["does not support TLS", "?sslmode=disable"]);
        }
    }
}

#[both_forms]
mod tls_of_mysql {
    use super::*;

    /// Which cipher the connection has; none if it is not encrypted.
    async fn cipher(db: &Db, options: &str) -> orm::Result<String> {
        let engine = Engine::open(&format!("{}{options}", db.database.url)).unwrap();
        let mut connection = engine.connect().await?;
        let shown = connection.execute(text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")).await?;
        Ok(shown.one::<(String, String)>()?.1)
    }

    /// A server of MySQL's makes a certificate for itself, which nobody has signed.
    #[case(mysql)]
    async fn its_own_certificate_is_taken_unchecked_alone(db: Db) {
        assert_eq!(cipher(&db, "").await.unwrap(), "", "on this machine it is not asked for");
        assert!(cipher(&db, "?sslmode=require").await.unwrap().starts_with("TLS_"));
        let error = cipher(&db, "?sslmode=verify-full").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_says(&error, &["UnknownIssuer"]);
    }
}
