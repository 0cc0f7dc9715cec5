//! Tables that refer to themselves or to each other.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};

use crate::models::{Egg, Head, Hen, Node, Tail};

/// Refers to itself, and has a column that is not loaded with the others.
#[derive(Model, Debug)]
#[model(table = "folders")]
struct Folder {
    #[model(key, auto)]
    id: i64,
    parent: Option<BelongsTo<Folder>>,
    notes: Deferred<Option<String>>,
}

#[both_forms]
mod cycles {
    use super::*;

    /// [CYC-1] [CYC-3] What is not loaded is not needed to be deleted.
    #[case]
    async fn rows_without_their_deferred_columns_are_deleted(db: Db) {
        db.create::<Folder>().await;
        let mut session = db.session();
        let root = session.add(Folder::new());
        let child = session.add(Folder { parent: root.into(), ..Folder::new() });
        session[root].parent = child.into();
        session.add(Folder { parent: child.into(), ..Folder::new() });
        session.commit().await.unwrap();
        let mut session = db.session();
        for folder in session.all(Folder::select()).await.unwrap() {
            session.delete(folder).unwrap();
        }
        session.commit().await.unwrap();
        assert_eq!(session.count(Folder::select()).await.unwrap(), 0);
    }

    /// [CYC-1]
    #[case]
    async fn a_tree_is_inserted_level_by_level_and_deleted_leaves_first(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        // Added before its parent: the order of adding does not matter.
        let leaf = session.add(Node::new("leaf"));
        let root = session.add(Node::new("root"));
        let mut nodes = vec![leaf, root];
        for name in ["a", "b", "c"] {
            let child = session.add(Node { parent: root.into(), ..Node::new(name) });
            nodes.push(child);
            for number in 0..3 {
                nodes
                    .push(session.add(Node { parent: child.into(), ..Node::new(format!("{name}{number}")) }));
            }
        }
        session[leaf].parent = nodes[2].into();
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 3, "one batch for each level");
        assert_eq!(session.rows(Node::select()).await.unwrap().len(), 14);
        for &node in &nodes {
            let parent = session[node].parent.as_ref().map(|parent| *parent.get().unwrap());
            assert!(parent.is_none_or(|parent| parent < session[node].id));
        }

        for &node in &nodes {
            session.delete(node).unwrap();
        }
        session.commit().await.unwrap();
        assert!(session.rows(Node::select()).await.unwrap().is_empty());
    }

    /// A loaded node is moved below a new one.
    #[case]
    async fn an_update_waits_for_the_new_row_it_refers_to(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let old = session.add(Node::new("old"));
        session.commit().await.unwrap();
        let new = session.add(Node::new("new"));
        session[old].parent = new.into();
        session.commit().await.unwrap();
        assert_eq!(session[old].parent.as_ref().unwrap().get(), Some(&session[new].id));
        let children =
            session.rows(Node::select().filter(Node::PARENT_ID.eq(session[new].id))).await.unwrap();
        assert_eq!(children[0].data, "old");
    }

    /// [CYC-3]
    #[case]
    async fn a_circle_is_broken_at_a_nullable_reference(db: Db) {
        db.create::<(Head, Tail)>().await;
        let mut session = db.session();
        let head = session.add(Head::new("snake"));
        let tail = session.add(Tail::new(head));
        session[head].tail = tail.into();
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        let verbs: Vec<_> = statements.iter().map(|statement| &statement[..6]).collect();
        assert_eq!(verbs, ["INSERT", "INSERT", "UPDATE"]);
        let rows = session.rows(Head::select()).await.unwrap();
        assert_eq!(rows[0].tail.as_ref().unwrap().get(), Some(&session[tail].id));
        db.trace.take();
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// [CYC-3] in a table that refers to itself.
    #[case]
    async fn a_row_may_refer_to_itself(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let node = session.add(Node::new("self"));
        session[node].parent = node.into();
        session.commit().await.unwrap();
        assert_eq!(session.rows(Node::select()).await.unwrap()[0].parent.as_ref().unwrap().get(), Some(&1));
        db.trace.take();
        session.delete(node).unwrap();
        session.commit().await.unwrap();
        assert!(session.rows(Node::select()).await.unwrap().is_empty());
        let sent: Vec<_> = db.trace.take_statements().iter().map(|sent| sent[..6].to_owned()).collect();
        match db.backend {
            Backend::Sqlite | Backend::Postgres => assert_eq!(sent, ["DELETE", "SELECT"]),
            // InnoDB keeps a row that anything refers to, be it the row itself.
            Backend::MariaDb | Backend::MySql => assert_eq!(sent, ["UPDATE", "DELETE", "SELECT"]),
        }
    }

    /// [CYC-4]
    #[case]
    async fn a_circle_that_cannot_be_broken_is_an_error_before_any_row(db: Db) {
        db.create::<(Egg, Hen)>().await;
        let mut session = db.session();
        let egg = session.add(Egg::new(BelongsTo::key(0)));
        let hen = session.add(Hen::new(egg));
        session[egg].hen = hen.into();
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CircularDependency);
        assert_says(error, &["Egg", "Hen"]);
        assert!(db.trace.take_statements().is_empty());
    }
}
