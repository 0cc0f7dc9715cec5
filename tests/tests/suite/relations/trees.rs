//! Trees: loaded to a depth, or wholly.

use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "nodes")]
struct Node {
    #[model(key, auto)]
    id: i64,
    data: String,
    parent: Option<BelongsTo<Node>>,
    #[model(order_by = Node::DATA.desc())]
    children: HasMany<Node>,
    notes: HasMany<Note>,
}

#[derive(Model, Debug)]
#[model(table = "notes")]
struct Note {
    #[model(key, auto)]
    id: i64,
    node: BelongsTo<Node>,
}

/// Its key has two parts, and who follows whom may go round in a circle.
#[derive(Model, Debug)]
#[model(table = "places")]
struct Place {
    #[model(key)]
    x: i64,
    #[model(key)]
    y: i64,
    sign: Deferred<String>,
    #[model(order_by = Place::Y.asc())]
    next: ManyToMany<Place>,
}

#[both_forms]
mod trees {
    use super::*;

    /// root(a(b(c(d)), e), f): depth first, the last one first.
    async fn tree(db: &Db) -> (Session, Entity<Node>) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(Node::new("root"));
        let mut under = |parent: Entity<Node>, data: &str| {
            let node = session.add(Node::new(data));
            session[parent].children.push(node);
            node
        };
        let a = under(root, "a");
        let b = under(a, "b");
        let c = under(b, "c");
        under(c, "d");
        under(a, "e");
        under(root, "f");
        session.add(Note::new(c));
        session.commit().await.unwrap();
        let id = session[root].id;
        let mut session = db.session();
        let root = session.get::<Node>(id).await.unwrap().unwrap();
        db.trace.take();
        (session, root)
    }

    /// A tree as far as it is loaded; where it is not, there is a question mark.
    fn shown(session: &Session, node: Entity<Node>) -> String {
        let data = &session[node].data;
        match session[node].children.try_iter() {
            Err(_) => format!("{data}?"),
            Ok(children) if children.len() == 0 => data.clone(),
            Ok(children) => {
                let children: Vec<_> = children.map(|child| shown(session, child)).collect();
                format!("{data}({})", children.join(","))
            }
        }
    }

    /// [CYC-1] [REL-8] [EAG-2] To a depth: one statement for each level; below it nothing is known. What is behind each level comes along.
    #[case]
    async fn levels_are_loaded(db: Db) {
        let (mut session, root) = tree(&db).await;
        session.load_with(root, Node::CHILDREN.depth(2)).await.unwrap();
        assert_eq!(shown(&session, root), "root(f,a(e?,b?))");
        assert_eq!(db.trace.take_statements().len(), 2);
        let mut session = db.session();
        let roots =
            Node::select().filter(Node::PARENT.is_null()).with(Node::CHILDREN.then(Node::NOTES).depth(9));
        let root = session.one(roots).await.unwrap();
        assert_eq!(shown(&session, root), "root(f,a(e,b(c(d))))");
        // The root, four levels of children, one without, and the notes of four levels.
        assert_eq!(db.trace.take_statements().len(), 1 + 5 + 4);
    }

    /// [CYC-1] [REL-9] Wholly: one statement, whatever the depth; leaves are loaded and empty; parents are known; again it costs nothing.
    #[case]
    async fn whole_trees_are_loaded(db: Db) {
        let (mut session, root) = tree(&db).await;
        session.load_with(root, Node::CHILDREN.recursive()).await.unwrap();
        assert_eq!(shown(&session, root), "root(f,a(e,b(c(d))))");
        let f = session[root].children.get(0).unwrap();
        assert!(session[f].children.is_loaded());
        assert_eq!(session[f].parent.as_ref().unwrap().entity(), root);
        assert_eq!(db.trace.take_statements().len(), 1);
        session.load_with(root, Node::CHILDREN.recursive()).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 0);
        session[f].children.push(Node::new("g"));
        session.load_with(root, Node::CHILDREN.recursive().then(Node::NOTES)).await.unwrap();
        assert_eq!(shown(&session, root), "root(f(g),a(e,b(c(d))))");
        let statements = db.trace.take_statements();
        assert_eq!(statements.len(), 2, "{statements:?}");
        session.commit().await.unwrap();
        db.trace.take();
        let mut session = db.session();
        let query = Node::select().filter(Node::DATA.in_(["a", "f"])).order_by(Node::DATA);
        let found = session.all(query.with(Node::CHILDREN.recursive())).await.unwrap();
        assert_eq!(shown(&session, found[0]), "a(e,b(c(d)))");
        assert_eq!(shown(&session, found[1]), "f(g)");
        assert_eq!(db.trace.take_statements().len(), 2);
    }

    /// [CYC-1] [REL-6] Linked rows, with keys of two columns: what goes round in a circle ends.
    #[case]
    async fn circles_end(db: Db) {
        db.create::<Place>().await;
        let mut session = db.session();
        let places: Vec<_> = (0..4).map(|y| session.add(Place::new(1, y, "hm"))).collect();
        for (from, to) in [(0, 2), (0, 1), (1, 2), (2, 0), (2, 2), (3, 0)] {
            session[places[from]].next.push(places[to]);
        }
        session.commit().await.unwrap();
        let mut session = db.session();
        let first = session.get::<Place>((1, 0)).await.unwrap().unwrap();
        db.trace.take();
        session.load_with(first, Place::NEXT.recursive()).await.unwrap();
        let next = |place: Entity<Place>| session[place].next.to_vec();
        let [one, two] = [next(first)[0], next(first)[1]];
        assert_eq!((session[one].y, session[two].y), (1, 2));
        assert_eq!((next(one), next(two)), (vec![two], vec![first, two]));
        assert_eq!(db.trace.take_statements().len(), 1);
    }
}
