//! Certificates for servers with TLS: an authority, another one, a server's for `localhost`, and a client's.

use crate::{Result, debian};

/// Functions for guardian scripts; `certificates log` writes all of them into `$folder`.
pub(crate) const FUNCTIONS: &str = r#"
KEY='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
authority() {
    openssl req -x509 $KEY -days 30 -subj "/CN=$1" -keyout "$folder/$1.key" -out "$folder/$1.crt"
}
certificate() {
    openssl req $KEY -subj "/CN=$2" -keyout "$folder/$1.key" -out "$folder/$1.csr"
    echo "subjectAltName = DNS:$2" >"$folder/names"
    openssl x509 -req -days 30 -in "$folder/$1.csr" -CA "$folder/root.crt" -CAkey "$folder/root.key" \
        -CAcreateserial -extfile "$folder/names" -out "$folder/$1.crt"
}
certificates() {
    { authority root && authority other && certificate server localhost && certificate client certified; } \
        >"$1" 2>&1 || { cat "$1" >&2; exit 1; }
}
"#;

/// Sees to it that there is what they are made with.
pub(crate) fn find_or_install(variable: &str) -> Result<()> {
    match debian::find("openssl") {
        Some(_) => Ok(()),
        None => debian::install("openssl", "openssl", variable),
    }
}
