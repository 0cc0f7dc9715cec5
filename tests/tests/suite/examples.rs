//! Programs in `orm/examples`.

use std::fs;
use std::path::Path;

/// The code of an example, without what is no code and without white space.
fn code(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../orm/examples").join(name);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Line breaks and what stands before a closing bracket are the formatter's.
fn dense(code: &str) -> String {
    code.replace(' ', "").replace(",)", ")").replace(",]", "]").replace(",}", "}")
}

/// [ASY-2] Both forms of the blog are one program.
#[test]
fn the_blog_differs_by_await_and_the_engine_s_name() {
    let form = code("blog_async.rs")
        .replace(".await", "")
        .replace("#[tokio::main(flavor = \"current_thread\")] async fn", "fn")
        .replace("async fn", "fn")
        .replace("AsyncEngine", "Engine")
        .replace("AsyncSession", "Session");
    assert_eq!(dense(&form), dense(&code("blog.rs")));
}
