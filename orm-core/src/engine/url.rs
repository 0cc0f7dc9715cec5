//! Database URLs: taken apart, with percent escapes decoded, and never shown with their password.

use std::fmt;

use crate::Result;
use crate::engine::options::Options;
use crate::error::{Error, ErrorKind};

/// The parts of a database URL, `scheme://user:password@host:port/database?key=value`.
///
/// `Display` and `Debug` show `***` for the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    user: Option<String>,
    password: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    path: String,
    opaque: bool,
    query: Vec<(String, String)>,
}

/// The error for text that is no URL; it does not repeat the text, in which a password may stand.
fn invalid(problem: &str) -> Error {
    Error::new(
        ErrorKind::Url,
        format!(
            "{problem}; expected sqlite::memory:, sqlite://file.db or postgres://user:password@host:port/database"
        ),
    )
}

impl Url {
    /// Takes a URL apart.
    pub fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once(':').ok_or_else(|| invalid("there is no scheme"))?;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if scheme.is_empty() || !scheme.chars().all(legal) {
            return Err(invalid("the scheme is not a word"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = Self {
            scheme: scheme.to_ascii_lowercase(),
            user: None,
            password: None,
            host: None,
            port: None,
            path: String::new(),
            opaque: !rest.starts_with("//"),
            query: parse_query(query)?,
        };
        match rest.strip_prefix("//") {
            // Not a host with a port, whatever it looks like.
            Some(":memory:") => url.path = ":memory:".to_owned(),
            None => url.path = decode(rest)?,
            Some(rest) => {
                // The last `@`: a password typed in without escapes may hold one.
                let (login, rest) =
                    rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
                let (host, path) =
                    rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
                url.path = path.map(decode).transpose()?.unwrap_or_default();
                url.set_login(login)?;
                url.set_host(host)?;
            }
        }
        Ok(url)
    }

    fn set_login(&mut self, login: Option<&str>) -> Result<()> {
        let Some(login) = login else { return Ok(()) };
        let (user, password) = login.split_once(':').map_or((login, None), |(user, rest)| (user, Some(rest)));
        self.user = (!user.is_empty()).then(|| decode(user)).transpose()?;
        self.password = password.map(decode).transpose()?;
        Ok(())
    }

    fn set_host(&mut self, text: &str) -> Result<()> {
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => (address, rest.strip_prefix(':')),
            None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        self.host = (!host.is_empty()).then(|| decode(host)).transpose()?;
        self.port = match port {
            Some(port) => Some(port.parse().map_err(|_| invalid("the port is not a number up to 65535"))?),
            None => None,
        };
        Ok(())
    }

    /// What stands before the `:`, `dialect` or `dialect+driver`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The part of the scheme that chooses the backend.
    pub fn dialect(&self) -> &str {
        self.scheme.split_once('+').map_or(&self.scheme, |(dialect, _)| dialect)
    }

    /// The part of the scheme that names the driver, if it is named.
    pub fn driver(&self) -> Option<&str> {
        self.scheme.split_once('+').map(|(_, driver)| driver)
    }

    /// The user's name.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The host's name or address.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The port.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// What follows the `/` after the host, or the scheme if there is no `//`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether there is no `//`, so that everything behind the scheme is the path.
    pub fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// The options behind the `?`, in their order.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// Takes out the options that `take` knows: it gives `None` for those that are to stay.
    pub(super) fn take_options(
        &mut self,
        mut take: impl FnMut(&str, &str) -> Option<Result<()>>,
    ) -> Result<()> {
        let mut result = Ok(());
        self.query.retain(|(key, value)| match take(key, value) {
            None => true,
            Some(taken) => {
                result = std::mem::replace(&mut result, Ok(())).and(taken);
                false
            }
        });
        result
    }

    /// An error if there is an option that the backend does not know.
    pub fn refuse_options(&self, known: &[&str]) -> Result<()> {
        let Some((key, _)) = self.query.iter().find(|(key, _)| !known.contains(&key.as_str())) else {
            return Ok(());
        };
        let keys = [known, &Options::keys()].concat().join(", ");
        let message = format!("unknown option {key:?}; those of {} are {keys}", self.dialect());
        Err(Error::new(ErrorKind::Url, message))
    }
}

fn parse_query(query: &str) -> Result<Vec<(String, String)>> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').ok_or_else(|| invalid("an option has no `=`"))?;
        Ok((decode(key)?, decode(value)?))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// Decodes `%41` to `A`.
fn decode(text: &str) -> Result<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let digits =
                text.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            decoded.push(value.ok_or_else(|| invalid("a `%` is not followed by two hexadecimal digits"))?);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    String::from_utf8(decoded).map_err(|_| invalid("an escape is not UTF-8"))
}

/// Encodes what would be read as a part of the URL.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$'()*,;".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, user, password, host, port, path, opaque, query } = self;
        write!(f, "{scheme}:")?;
        if *opaque {
            f.write_str(path)?;
        } else {
            f.write_str("//")?;
            if user.is_some() || password.is_some() {
                f.write_str(&user.as_deref().map(encode).unwrap_or_default())?;
                f.write_str(if password.is_some() { ":***@" } else { "@" })?;
            }
            match host {
                Some(host) if host.contains(':') => write!(f, "[{host}]")?,
                Some(host) => f.write_str(&encode(host))?,
                None => {}
            }
            port.map_or(Ok(()), |port| write!(f, ":{port}"))?;
            if !path.is_empty() {
                write!(f, "/{}", path.split('/').map(encode).collect::<Vec<_>>().join("/"))?;
            }
        }
        for (index, (key, value)) in query.iter().enumerate() {
            // An option may be a secret as well; which ones are, only the backend knows.
            let value = if key.contains("password") { "***".to_owned() } else { encode(value) };
            write!(f, "{}{}={value}", if index == 0 { '?' } else { '&' }, encode(key))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(text: &str) -> Url {
        Url::parse(text).map_err(|error| error.to_string()).expect("a good URL")
    }

    #[test]
    fn every_part_is_readable_and_escapes_are_decoded() {
        let url = parse("postgres://al%40ice:p%3Aw%2F%25@db.example:5433/my%20db?sslmode=disable&x=1");
        assert_eq!((url.scheme(), url.user(), url.password()), ("postgres", Some("al@ice"), Some("p:w/%")));
        assert_eq!((url.host(), url.port(), url.path()), (Some("db.example"), Some(5433), "my db"));
        assert_eq!(url.query()[0], ("sslmode".to_owned(), "disable".to_owned()));
    }

    #[test]
    fn short_forms() {
        assert_eq!(parse("sqlite::memory:").path(), ":memory:");
        let url = parse("Postgresql+Tokio://h");
        assert_eq!(
            (url.dialect(), url.driver(), url.scheme()),
            ("postgresql", Some("tokio"), "postgresql+tokio")
        );
        assert_eq!(parse("sqlite://").path(), "");
        assert_eq!(
            (parse("sqlite://:memory:").host(), parse("sqlite://:memory:").path()),
            (None, ":memory:")
        );
        assert_eq!(parse("sqlite://app.db").host(), Some("app.db"));
        assert_eq!(parse("sqlite:///var/app.db").path(), "var/app.db");
        assert_eq!(parse("postgres://[::1]:5432/db").host(), Some("::1"));
        assert_eq!(parse("postgres://u:a@b@host/db").password(), Some("a@b"));
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = parse("postgres://alice:hunter2@host:1/db?sslpassword=hunter2");
        assert_eq!(url.to_string(), "postgres://alice:***@host:1/db?sslpassword=***");
        assert!(!format!("{url:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for text in [
            "hunter2",
            "://hunter2",
            "a b://hunter2",
            "pg://hunter2:x/y",
            "pg://a:hunter2%zz@b/c",
            "pg://h?hunter2",
        ] {
            let message = Url::parse(text).expect_err("a bad URL").to_string();
            assert!(message.starts_with("invalid database URL") && !message.contains("hunter2"), "{message}");
        }
    }
}
