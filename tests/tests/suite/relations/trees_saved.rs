//! Trees: rows of one table that belong to each other.

use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "nodes")]
struct Node {
    #[model(key, auto)]
    id: i64,
    data: String,
    parent: Option<BelongsTo<Node>>,
    children: HasMany<Node>,
}

#[derive(Model, Debug)]
#[model(table = "folders")]
struct Folder {
    #[model(key, auto)]
    id: i64,
    parent: Option<BelongsTo<Folder>>,
    #[model(cascade = "delete_orphan")]
    children: HasMany<Folder>,
}

fn folder<const N: usize>(children: [Folder; N]) -> Folder {
    Folder { id: 0, parent: None, children: children.into() }
}

fn node<const N: usize>(data: &str, children: [Node; N]) -> Node {
    Node { id: 0, data: data.into(), parent: None, children: children.into() }
}

#[both_forms]
mod forms {
    use super::*;

    fn sent(db: &Db) -> Vec<String> {
        let trace = db.trace.take_statements();
        trace.iter().map(|sql| sql.replace(['"', '`'], "")).collect()
    }

    /// [CYC-1] Levels go in top-down, each in one batch; when the root is deleted, leaves go first and the root last, loaded or not.
    #[case]
    async fn a_tree_comes_and_goes(db: Db) {
        db.create::<Folder>().await;
        let mut session = db.session();
        let inner = || folder([folder([]), folder([])]);
        let root = session.add(folder([inner(), inner(), inner()]));
        session.flush().await.unwrap();
        let rows = |lines: &[String]| -> Vec<usize> {
            lines
                .iter()
                .map(|sql| {
                    sql.rsplit_once("-- ").map_or(1, |(_, n)| n.trim_end_matches(" rows").parse().unwrap())
                })
                .collect()
        };
        assert_eq!(rows(&sent(&db)), [1, 3, 6]);
        session.commit().await.unwrap();
        let id = session[root].id;
        drop(session);

        let mut session = db.session();
        let root = session.get::<Folder>(id).await.unwrap().unwrap();
        db.trace.take();
        session.delete(root).unwrap();
        session.flush().await.unwrap();
        let said = sent(&db);
        // A SELECT for each level, the last of which finds nothing.
        assert_eq!(said.len(), 6, "{said:#?}");
        assert_eq!(rows(&said[3..]), [6, 3, 1]);
        assert!(said[3..].iter().all(|sql| sql.starts_with("DELETE FROM folders")));
        session.rollback().await.unwrap();
        assert_eq!(session.all(Folder::select()).await.unwrap().len(), 10);
    }

    /// [CYC-2] [CAS-2] Without a cascade the children of a node let go in 1 batch, and become roots.
    #[case]
    async fn children_become_roots(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(node("root", [node("a", [node("leaf", [])]), node("b", [])]));
        session.commit().await.unwrap();
        session.load_with(root, Node::CHILDREN).await.unwrap();
        db.trace.take();
        session.delete(root).unwrap();
        session.commit().await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 2, "{said:#?}");
        assert!(said[0].starts_with("UPDATE nodes") && said[0].ends_with("-- 2 rows"), "{said:#?}");
        assert!(said[1].starts_with("DELETE FROM nodes"), "{said:#?}");
        let roots = session
            .rows(Node::select().filter(Node::PARENT.is_null()).order_by(Node::ID.asc()))
            .await
            .unwrap();
        assert_eq!(roots.iter().map(|node| &*node.data).collect::<Vec<_>>(), ["a", "b"]);
    }

    /// [CYC-3] [CYC-4] Two that are in each other's collections refer to each other; that is cut at a reference that can be empty.
    #[case]
    async fn two_in_each_others_collections(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let [one, two] = ["1", "2"].map(|data| session.add(node(data, [])));
        session[one].children.push(two);
        session[two].children.push(one);
        session.flush().await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 2, "{said:#?}");
        assert!(said[0].starts_with("INSERT") && said[1].starts_with("UPDATE"), "{said:#?}");
        session.commit().await.unwrap();
        session.delete(one).unwrap();
        session.delete(two).unwrap();
        session.commit().await.unwrap();
        assert!(session.all(Node::select()).await.unwrap().is_empty());
    }
}
