//! Hooks that keep an audit log, a value that changes bring, and a version that keeps two people from overwriting each other.
//! `cargo run --example audit`

use orm::prelude::*;

#[derive(Model)]
#[model(table = "docs")]
struct Doc {
    #[model(key, auto)]
    id: i64,
    title: String,
    #[model(default, on_update = self.edits + 1)]
    edits: i32,
    #[model(version)]
    version: i32,
}

#[derive(Model)]
#[model(table = "audits")]
struct Audit {
    #[model(key, auto)]
    id: i64,
    what: String,
}

/// Sessions that write down what they do to documents.
fn audited(engine: &Engine) -> SessionMaker {
    SessionMaker::new(engine)
        .after_insert(|session: &mut Entities, doc: Entity<Doc>| {
            let what = format!("{:?} was made as {}", session[doc].title, session[doc].id);
            session.add(Audit::new(what));
            Ok(())
        })
        .before_update(|session: &mut Entities, doc: Entity<Doc>| {
            let what = session.history(doc)?.to_string();
            session.add(Audit::new(what));
            Ok(())
        })
        .before_delete(|session: &mut Entities, doc: Entity<Doc>| {
            let what = format!("{:?} was deleted", session[doc].title);
            session.add(Audit::new(what));
            Ok(())
        })
}

fn main() -> orm::Result<()> {
    let engine = Engine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<(Doc, Audit)>())?;
    let sessions = audited(&engine);

    let mut session = sessions.session();
    let doc = session.add(Doc::new("Plan"));
    session.commit()?;
    session[doc].title = "Better plan".to_owned();
    session.commit()?;
    assert_eq!((session[doc].edits, session[doc].version), (1, 2));

    // Somebody else was faster.
    let mut other = sessions.session();
    let theirs = other.get_one::<Doc>(1)?;
    other[theirs].title = "Best plan".to_owned();
    other.commit()?;
    session[doc].title = "Second best plan".to_owned();
    let refused = session.commit().expect_err("the version has changed");
    assert_eq!(refused.kind(), ErrorKind::StaleData);
    session.rollback()?;
    session.refresh(doc)?;
    session.delete(doc)?;
    session.commit()?;

    let lines = session.rows(Audit::select().order_by(Audit::ID.asc()))?;
    lines.iter().for_each(|line| eprintln!("{}. {}", line.id, line.what));
    assert_eq!(lines.len(), 4, "what was refused is not in the log");
    Ok(())
}
