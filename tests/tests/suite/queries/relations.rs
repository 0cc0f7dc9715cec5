//! Relations: joined along, filtered by, compared with entities.

use orm::Select;
use orm::dialect::{Dialect, Postgres, Sqlite};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Node, PairNote, Post, User};

#[track_caller]
fn check<S>(query: &Select<S>, expected: &str) {
    let dialects: [&dyn Dialect; 2] = [&Sqlite, &Postgres];
    for dialect in dialects {
        let sql =
            query.to_sql(dialect).unwrap().replace(['"', '`'], "").replace("$1", "?").replace("$2", "?");
        let (_, clauses) = sql.split_once(" FROM ").unwrap();
        assert_eq!(clauses, expected, "{}", dialect.name());
    }
}

/// [QRY-5] The ON clause follows the foreign key, whichever side is joined, and all of its columns.
#[test]
fn joins_follow_the_foreign_key() {
    check(&Post::select().join(Post::AUTHOR), "posts JOIN users ON posts.author_id = users.id");
    check(
        &User::select().left_join(Post::AUTHOR.reverse()),
        "users LEFT JOIN posts ON posts.author_id = users.id",
    );
    check(
        &PairNote::select().join(PairNote::PAIR),
        "pair_notes JOIN pairs ON pair_notes.pair_a = pairs.a AND pair_notes.pair_b = pairs.b",
    );
    let parent = Node::alias("parent");
    check(
        &Node::select().join(Node::PARENT.to(parent)).filter(Node::DATA.of(parent).eq("x")),
        "nodes JOIN nodes AS parent ON nodes.parent_id = parent.id WHERE parent.data = ?",
    );
    let child = Node::alias("child");
    check(
        &Node::select().join(Node::PARENT.from(child)).join(Node::PARENT.from(child).to(parent)),
        "nodes JOIN nodes AS child ON child.parent_id = nodes.id JOIN nodes AS parent ON child.parent_id = parent.id",
    );
    let twice = Node::select().join(Node::PARENT).to_sql(&Sqlite).unwrap_err();
    assert_says(twice, &["nodes", "both are in the query already", "alias"]);
    let neither = User::select().join(PairNote::PAIR).to_sql(&Sqlite).unwrap_err();
    assert_says(neither, &["pair_notes and pairs", "join one of them first"]);
}

/// [QRY-8] Conditions on related rows are subqueries of their own; in them a model's name means the related row.
#[test]
fn related_rows_are_asked_for_in_subqueries() {
    let posts = Post::AUTHOR.reverse();
    check(
        &User::select().filter(posts.any(Post::TITLE.eq("x"))).filter(!posts.exists()),
        "users WHERE EXISTS (SELECT 1 FROM posts WHERE posts.author_id = users.id AND posts.title = ?) \
         AND NOT (EXISTS (SELECT 1 FROM posts WHERE posts.author_id = users.id))",
    );
    check(
        &Post::select().filter(Post::AUTHOR.has(posts.any(Post::TITLE.eq("x")))),
        "posts WHERE EXISTS (SELECT 1 FROM users WHERE users.id = posts.author_id AND \
         EXISTS (SELECT 1 FROM posts WHERE posts.author_id = users.id AND posts.title = ?))",
    );
    check(
        &Node::select().filter(Node::PARENT.has(Node::PARENT.has(Node::DATA.eq("x")))),
        "nodes WHERE EXISTS (SELECT 1 FROM nodes AS related_1 WHERE related_1.id = nodes.parent_id AND \
         EXISTS (SELECT 1 FROM nodes AS related_2 WHERE related_2.id = related_1.parent_id AND related_2.data = ?))",
    );
    let child = Node::alias("child");
    check(
        &Node::select().filter(Node::PARENT.reverse().to(child).any(Node::DATA.of(child).eq(Node::DATA))),
        "nodes WHERE EXISTS (SELECT 1 FROM nodes AS child WHERE child.parent_id = nodes.id AND child.data = nodes.data)",
    );
    check(
        &PairNote::select().filter(PairNote::PAIR.has(None::<orm::Condition>)),
        "pair_notes WHERE EXISTS (SELECT 1 FROM pairs WHERE pairs.a = pair_notes.pair_a AND pairs.b = pair_notes.pair_b)",
    );
}

/// [QRY-9] A reference is compared by all columns of its key.
#[test]
fn references_are_compared_by_their_columns() {
    check(
        &Post::select().filter(Post::AUTHOR.eq(BelongsTo::key(7))).filter(Post::AUTHOR.ne(BelongsTo::key(8))),
        "posts WHERE author_id = ? AND author_id <> ?",
    );
    check(
        &Node::select().filter(Node::PARENT.eq(None)).filter(Node::PARENT.ne(None)),
        "nodes WHERE parent_id IS NULL AND parent_id IS NOT NULL",
    );
    check(
        &Node::select()
            .filter(Node::PARENT.is_null() | Node::PARENT.in_([BelongsTo::key(1), BelongsTo::key(2)])),
        "nodes WHERE (parent_id IS NULL OR parent_id IN (?, ?))",
    );
    check(
        &PairNote::select().filter(PairNote::PAIR.eq(BelongsTo::key((1, "x".to_owned())))),
        "pair_notes WHERE (pair_a = ? AND pair_b = ?)",
    );
    check(
        &PairNote::select().filter(PairNote::PAIR.not_in([BelongsTo::key((1, "x".to_owned()))])),
        "pair_notes WHERE NOT ((pair_a = ? AND pair_b = ?))",
    );
    check(
        &Post::select()
            .filter(Post::AUTHOR.in_::<Entity<User>>([]))
            .filter(Post::AUTHOR.not_in::<Entity<User>>([])),
        "posts WHERE 1 = 0 AND 1 = 1",
    );
}

#[both_forms]
mod relations {
    use crate::models::{Account, Entry, Node, Pair, PairNote, Post, User};
    use orm_tests::assert_says;
    use orm_tests::prelude::*;

    /// Alice has written two posts, Bob one, and Carol none.
    async fn people(db: &Db) -> (Session, [Entity<User>; 3]) {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let [alice, bob, carol] = ["Alice", "Bob", "Carol"].map(|name| session.add(User::new(name)));
        session.add(Post::new("x", alice));
        session.add(Post::new("x", alice));
        session.add(Post::new("y", bob));
        session.commit().await.unwrap();
        db.trace.take();
        (session, [alice, bob, carol])
    }

    fn by_id(query: orm::Select<User>) -> orm::Select<User> {
        query.order_by(User::ID.asc())
    }

    /// [QRY-5] A join brings a row for each match; an outer one keeps those without.
    #[case]
    async fn joins_along_relations(db: Db) {
        let (mut session, [alice, bob, carol]) = people(&db).await;
        let query =
            select((User::entity(), Post::TITLE)).join(Post::AUTHOR.reverse()).order_by(Post::ID.asc());
        let found = session.all(query).await.unwrap();
        assert_eq!(found.iter().map(|(user, _)| *user).collect::<Vec<_>>(), [alice, alice, bob]);
        let query = select((User::entity(), Post::entity().optional()))
            .left_join(Post::AUTHOR.reverse())
            .order_by(User::ID.asc());
        let found = session.all(query).await.unwrap();
        assert_eq!((found.len(), found[3].0, found[3].1), (4, carol, None));
        let query = Post::select().join(Post::AUTHOR).filter(User::NAME.eq("Bob"));
        let post = session.one(query).await.unwrap();
        assert_eq!(session[post].title, "y");
        assert_eq!(db.trace.take_statements().len(), 3);
    }

    /// [QRY-8] Parents come once, however many related rows there are, and the negation has those without any.
    #[case]
    async fn filters_along_relations(db: Db) {
        let (mut session, [alice, bob, carol]) = people(&db).await;
        let posts = Post::AUTHOR.reverse();
        let any = posts.any(Post::TITLE.eq("x"));
        assert_eq!(session.all(User::select().filter(any.clone())).await.unwrap(), [alice]);
        assert_eq!(session.all(by_id(User::select().filter(!any))).await.unwrap(), [bob, carol]);
        assert_eq!(session.all(by_id(User::select().filter(posts.exists()))).await.unwrap(), [alice, bob]);
        assert_eq!(session.all(User::select().filter(!posts.exists())).await.unwrap(), [carol]);
        let by_bob = Post::AUTHOR.has(User::NAME.eq("Bob"));
        let titles = |query: orm::Select<Post>| query.columns(Post::TITLE).order_by(Post::ID.asc());
        assert_eq!(session.all(titles(Post::select().filter(by_bob.clone()))).await.unwrap(), ["y"]);
        assert_eq!(session.all(titles(Post::select().filter(!by_bob))).await.unwrap(), ["x", "x"]);
        let colleagues = Post::AUTHOR.has(posts.any(Post::TITLE.eq("y")));
        assert_eq!(session.all(titles(Post::select().filter(colleagues))).await.unwrap(), ["y"]);
        assert_eq!(db.trace.take_statements().len(), 7);
    }

    /// [QRY-8] A relation of a table with itself: in the condition its name means the related row.
    #[case]
    async fn filters_along_relations_to_oneself(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(Node::new("root"));
        let inner = session.add(Node { parent: root.into(), ..Node::new("inner") });
        let leaf = session.add(Node { parent: inner.into(), ..Node::new("leaf") });
        session.commit().await.unwrap();
        let nodes = |condition: orm::Condition| Node::select().filter(condition).order_by(Node::ID.asc());
        let below_root = Node::PARENT.has(Node::DATA.eq("root"));
        assert_eq!(session.all(nodes(below_root.clone())).await.unwrap(), [inner]);
        assert_eq!(session.all(nodes(!below_root.clone())).await.unwrap(), [root, leaf]);
        assert_eq!(session.all(nodes(Node::PARENT.has(below_root))).await.unwrap(), [leaf]);
        let children = Node::PARENT.reverse();
        assert_eq!(session.all(nodes(children.exists())).await.unwrap(), [root, inner]);
        assert_eq!(
            session.all(nodes(children.any(children.any(Node::DATA.eq("leaf"))))).await.unwrap(),
            [root]
        );
        assert_eq!(session.all(nodes(children.any(Node::PARENT.eq(root)))).await.unwrap(), [root]);
        assert_eq!(session.all(nodes(Node::PARENT.is_null())).await.unwrap(), [root]);
        assert_eq!(session.all(nodes(Node::PARENT.eq(None))).await.unwrap(), [root]);
        assert_eq!(session.all(nodes(Node::PARENT.ne(root))).await.unwrap(), [leaf]);
        assert_eq!(session.all(nodes(Node::PARENT.in_([root, inner]))).await.unwrap(), [inner, leaf]);
        assert_eq!(session.all(nodes(Node::PARENT.in_([None, Some(inner)]))).await.unwrap(), [root, leaf]);
        assert_eq!(session.all(nodes(Node::PARENT.not_in([None, Some(inner)]))).await.unwrap(), [inner]);
        let boss = Node::alias("boss");
        let pairs =
            select((Node::DATA, Node::DATA.of(boss))).join(Node::PARENT.to(boss)).order_by(Node::ID.asc());
        let pairs = session.all(pairs).await.unwrap();
        assert_eq!(pairs[1], ("leaf".to_owned(), "inner".to_owned()));
        assert_eq!(pairs.len(), 2);
    }

    /// [QRY-9] A comparison with an entity uses its key; one that is pending is flushed first, once.
    #[case]
    async fn a_reference_is_compared_with_an_entity(db: Db) {
        let (mut session, [alice, bob, _]) = people(&db).await;
        let by = |author: Entity<User>| Post::select().filter(Post::AUTHOR.eq(author));
        assert_eq!(session.all(by(alice)).await.unwrap().len(), 2);
        assert_eq!(session.all(Post::select().filter(Post::AUTHOR.ne(alice))).await.unwrap().len(), 1);
        assert_eq!(
            session.all(Post::select().filter(Post::AUTHOR.in_([alice, bob]))).await.unwrap().len(),
            3
        );
        assert_eq!(db.trace.take_statements().len(), 3);

        let dave = session.add(User::new("Dave"));
        session.add(Post::new("z", dave));
        let found = session.all(by(dave)).await.unwrap();
        assert_eq!((found.len(), session[found[0]].title.as_str()), (1, "z"));
        assert_eq!(db.trace.take_statements().len(), 3);
        let author = session[found[0]].author.clone();
        assert_eq!(session.all(Post::select().filter(Post::AUTHOR.eq(&author))).await.unwrap(), found);

        let eve = session.add(User::new("Eve"));
        let unflushed = BelongsTo::from(eve);
        assert_eq!(session.rows(Post::select().filter(Post::AUTHOR.eq(&unflushed))).await.unwrap().len(), 0);
        assert_eq!(session[eve].id, 5);
    }

    /// [QRY-9] A natural key that was changed and not flushed is written before it is compared with; a key of two columns is compared as one.
    #[case]
    async fn any_key_can_be_compared_with(db: Db) {
        db.create::<(Account, Entry, Pair, PairNote)>().await;
        let mut session = db.session();
        let account = session.add(Account::new("a", 0));
        session.add(Entry::new(account, 5));
        let pairs = ["x", "y"].map(|b| session.add(Pair::new(1, b)));
        session.add_all(pairs.map(|pair| PairNote::new(pair, "note")));
        let entries = Entry::select().filter(Entry::ACCOUNT.eq(account));
        assert_eq!(session.all(entries).await.unwrap().len(), 1);
        for condition in [
            PairNote::PAIR.eq(pairs[0]),
            PairNote::PAIR.ne(pairs[1]),
            PairNote::PAIR.in_([pairs[0]]),
            PairNote::PAIR.not_in([pairs[1]]),
            PairNote::PAIR.has(Pair::B.eq("x")),
        ] {
            let note = session.one(PairNote::select().filter(condition)).await.unwrap();
            assert_eq!(session[note].pair.get(), Some(&(1, "x".to_owned())));
        }
        let both = PairNote::select().filter(PairNote::PAIR.in_(pairs)).filter(PairNote::PAIR.is_not_null());
        assert_eq!(session.all(both).await.unwrap().len(), 2);
        let lonely = session.add(Account::new("b", 0));
        session.commit().await.unwrap();
        session[lonely].code = "c".to_owned();
        let none = Account::select().filter(Account::CODE.eq("c")).filter(!Entry::ACCOUNT.reverse().exists());
        assert_eq!(session.all(none).await.unwrap(), [lonely]);
        session[lonely].code = "d".to_owned();
        let entry = session.add(Entry::new(BelongsTo::key("d".to_owned()), 7));
        let entries = Entry::select().filter(Entry::ACCOUNT.eq(lonely));
        assert_eq!(session.all(entries).await.unwrap(), [entry]);
    }

    /// [QRY-9] An entity that has no key and will get none is an error, and nothing is sent.
    #[case]
    async fn an_entity_without_a_key_is_refused(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        let by = |author: Entity<User>| Post::select().filter(Post::AUTHOR.eq(author));
        let detached = session.add(User::new("Dave"));
        session.detach(detached).unwrap();
        let rolled_back = session.add(User::new("Eve"));
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        let pending = session.add(User::new("Fay"));
        let foreign = db.session().add(User::new("Gil"));
        db.trace.take();
        for (entity, kind) in [
            (detached, ErrorKind::Detached),
            (rolled_back, ErrorKind::NotPersistent),
            (foreign, ErrorKind::Detached),
        ] {
            let both = by(pending).filter(Post::AUTHOR.ne(entity));
            let error = session.all(both).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert_says(error, &["User"]);
        }
        assert!(db.trace.take().is_empty());
        let error = by(alice).to_sql(&orm::dialect::Sqlite).unwrap_err();
        assert_says(error, &["User", "only its session knows", "BelongsTo::key"]);
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.all(by(alice)).await.unwrap_err().kind(), ErrorKind::Misuse);
        assert!(db.trace.take().is_empty());

        let gone = session.add(User::new("Hal"));
        session.flush().await.unwrap();
        session.delete(gone).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session.all(by(gone)).await.unwrap_err().kind(), ErrorKind::NotPersistent);
    }
}
