//! Relations that are loaded: with a query, afterwards, for all that came together.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(order_by = (Post::TITLE.desc(), Post::ID.asc()))]
    posts: HasMany<Post>,
    profile: HasOne<Profile>,
}

#[derive(Model, Debug)]
#[model(table = "profiles")]
struct Profile {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    user: BelongsTo<User>,
    motto: String,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
    title: String,
    #[model(order_by = Comment::ID.asc())]
    comments: HasMany<Comment>,
}

#[derive(Model, Debug)]
#[model(table = "comments")]
struct Comment {
    #[model(key, auto)]
    id: i64,
    post: BelongsTo<Post>,
    writer: Option<BelongsTo<User>>,
    body: String,
}

/// What the mapping loads with each query.
#[derive(Model, Debug)]
#[model(table = "shops")]
struct Shop {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(load = "select_in")]
    shelves: HasMany<Shelf>,
}

#[derive(Model, Debug)]
#[model(table = "shelves")]
struct Shelf {
    #[model(key, auto)]
    id: i64,
    shop: BelongsTo<Shop>,
    #[model(load = "select_in")]
    goods: HasMany<Good>,
}

#[derive(Model, Debug)]
#[model(table = "goods")]
struct Good {
    #[model(key, auto)]
    id: i64,
    shelf: BelongsTo<Shelf>,
}

const USERS: &str = "SELECT id, name FROM users ORDER BY name ASC";

#[both_forms]
mod loading {
    use super::*;

    /// Ann has two posts, Bob one and Cid none; the first post of Ann has two comments, one by Bob and one by nobody, the other one by Bob.
    async fn blog(db: &Db) -> Session {
        db.create::<(User, Comment)>().await;
        let mut session = db.session();
        let [ann, bob, _] = ["Ann", "Bob", "Cid"].map(|name| session.add(User::new(name)));
        session.add(Profile::new(bob, "slow"));
        let posts = [(ann, "a1"), (ann, "a2"), (bob, "b1")];
        let [first, second, _] = posts.map(|(author, title)| session.add(Post::new(author, title)));
        session.add(Comment { writer: bob.into(), ..Comment::new(first, "c1") });
        session.add(Comment::new(first, "c2"));
        session.add(Comment { writer: bob.into(), ..Comment::new(second, "c3") });
        session.commit().await.unwrap();
        let session = db.session();
        db.trace.take();
        session
    }

    fn titles(session: &Session, user: Entity<User>) -> Vec<String> {
        session[user].posts.iter().map(|post| session[post].title.clone()).collect()
    }

    /// [EAG-1] [REL-8] [REL-9] One more statement, in the order of the relation; who has none has an empty list, and neither that nor the
    /// way back costs anything.
    #[case]
    async fn a_relation_comes_with_a_query(db: Db) {
        let mut session = blog(&db).await;
        let users = session.all(User::select().order_by(User::NAME.asc()).with(User::POSTS)).await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                USERS,
                "SELECT id, author_id, title FROM posts WHERE author_id IN (?, ?, ?) ORDER BY title DESC, id ASC",
            ],
        );
        assert_eq!(
            users.iter().map(|&user| titles(&session, user)).collect::<Vec<_>>(),
            [vec!["a2", "a1"], vec!["b1"], vec![]]
        );
        for &user in &users {
            assert!(session[user].posts.iter().all(|post| session[post].author.entity() == user));
            session.load_with(user, User::POSTS).await.unwrap();
            for post in session[user].posts.to_vec() {
                session.load_with(post, Post::AUTHOR).await.unwrap();
            }
        }
        assert!(!session[users[0]].profile.is_loaded());
        let error = session[users[0]].profile.try_get().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
        assert!(db.trace.take_statements().is_empty());
    }

    /// [EAG-2] [EAG-4] A tree of relations, each once, however often it is named.
    #[case]
    async fn relations_behind_relations(db: Db) {
        let mut session = blog(&db).await;
        let query = User::select()
            .order_by(User::NAME.asc())
            .with(User::POSTS.then(Post::COMMENTS.then(Comment::WRITER.then(User::PROFILE))))
            .with(User::PROFILE)
            .with(User::POSTS.then(Post::COMMENTS));
        let users = session.all(query).await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                USERS,
                "SELECT id, author_id, title FROM posts WHERE author_id IN (?, ?, ?) ORDER BY title DESC, id ASC",
                "SELECT id, post_id, writer_id, body FROM comments WHERE post_id IN (?, ?, ?) ORDER BY id ASC",
                "SELECT id, user_id, motto FROM profiles WHERE user_id = ?",
                "SELECT id, user_id, motto FROM profiles WHERE user_id IN (?, ?)",
            ],
        );
        let bob = users[1];
        let comments: Vec<_> =
            session[users[0]].posts.iter().flat_map(|post| session[post].comments.to_vec()).collect();
        let writers: Vec<_> =
            comments.iter().map(|&c| session[c].writer.as_ref().map(|to| to.entity())).collect();
        assert_eq!(writers, [Some(bob), Some(bob), None]);
        let profile = session[bob].profile.get().unwrap();
        assert_eq!((session[profile].motto.as_str(), session[profile].user.entity()), ("slow", bob));
        assert_eq!(session[users[2]].profile.get(), None);
        assert!(db.trace.take_statements().is_empty());
    }

    /// [EAG-3] Many parents are one array where the database takes that; elsewhere neighbours are a range, others a list.
    #[case]
    async fn many_parents_are_asked_for_shortly(db: Db) {
        db.create::<(User, Comment)>().await;
        let mut session = db.session();
        for number in 0..11 {
            let user = session.add(User::new(format!("{number:02}")));
            session.add(Post::new(user, "x"));
        }
        session.commit().await.unwrap();
        let few = ["?"; 10].join(", ");
        for (left_out, parents) in [(-1, "BETWEEN ? AND ?".to_owned()), (5, format!("IN ({few})"))] {
            let mut session = db.session();
            let query = User::select().filter(User::ID.ne(left_out)).order_by(User::ID.asc());
            db.trace.take();
            let users = session.all(query.with(User::POSTS)).await.unwrap();
            let parents = if db.backend == Backend::Postgres { "= ANY(?)".to_owned() } else { parents };
            let posts = format!(
                "SELECT id, author_id, title FROM posts WHERE author_id {parents} ORDER BY title DESC, id ASC"
            );
            assert_statements(&db.trace.take_statements()[1..], &[&posts]);
            assert!(users.iter().all(|&user| session[user].posts.len() == 1));
            assert_eq!(session.peek::<Post>(5).is_none(), left_out == 5);
        }
    }

    /// [EAG-3] [EAG-9] Chunks of 500, each parent with its own children; once more for the same list nothing, unless it is forced.
    #[case]
    async fn many_parents_in_chunks(db: Db) {
        db.create::<(User, Comment)>().await;
        let mut session = db.session();
        let users: Vec<_> = (0..1_201).map(|number| User::new(format!("{number:04}"))).collect();
        for user in session.add_all(users) {
            session.add(Post::new(user, "x"));
        }
        session.commit().await.unwrap();
        let mut session = db.session();
        db.trace.take();
        let users = session.all(User::select().with(User::POSTS)).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 4);
        for &user in &users {
            let post = session[user].posts.first().unwrap();
            assert_eq!((session[user].posts.len(), session[post].author.get()), (1, Some(&session[user].id)));
        }
        let mut session = db.session();
        let users = session.all(User::select()).await.unwrap();
        db.trace.take();
        session.load_with_all(&users[..1_200], User::POSTS).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 3);
        session.load_with_all(&users, User::POSTS).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        session.load_with_all(&users, User::POSTS).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 0);
        session.load_with_all(&users, User::POSTS.reload()).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 3);
        let posts: Vec<_> = users.iter().flat_map(|&user| session[user].posts.to_vec()).collect();
        session.load_with_all(&posts, Post::AUTHOR).await.unwrap();
        assert_eq!((posts.len(), db.trace.take_statements().len()), (1_201, 0));
        let mut session = db.session();
        let posts = session.all(Post::select().with(Post::AUTHOR)).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 4);
        assert!(posts.iter().all(|&post| session.contains(session[post].author.entity())));
    }

    /// [EAG-4] [REL-4] Each key once, NULL not at all; nothing if all are NULL or known.
    #[case]
    async fn what_is_referred_to(db: Db) {
        let mut session = blog(&db).await;
        let comments =
            session.all(Comment::select().order_by(Comment::ID.asc()).with(Comment::WRITER)).await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                "SELECT id, post_id, writer_id, body FROM comments ORDER BY id ASC",
                "SELECT id, name FROM users WHERE id = ?",
            ],
        );
        let bob = session[comments[0]].writer.as_ref().unwrap().entity();
        assert_eq!(session[bob].name, "Bob");
        assert!(session[comments[1]].writer.is_none());
        assert_eq!(session[comments[2]].writer.as_ref().unwrap().entity(), bob);
        let error = session[comments[0]].post.try_entity().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoaded);

        let query = Comment::select().filter(Comment::WRITER.is_null()).with(Comment::WRITER);
        session.all(query).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        // Known by now.
        let mut other = db.session();
        other.get::<User>(2).await.unwrap();
        let comments = other.all(Comment::select().with(Comment::WRITER)).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        assert!(other[comments[0]].writer.as_ref().unwrap().entity() == other.get_one(2).await.unwrap());
        // On demand, one by one and for all that came along.
        let mut session = db.session();
        let comment = session.get_one::<Comment>(1).await.unwrap();
        let alone = session.get_one::<Comment>(2).await.unwrap();
        db.trace.take();
        let bob =
            session.load_with(comment, Comment::WRITER).await.unwrap().writer.as_ref().unwrap().entity();
        assert_eq!((session[bob].name.as_str(), db.trace.take_statements().len()), ("Bob", 1));
        session.load_with(comment, Comment::WRITER).await.unwrap();
        session.load_with(alone, Comment::WRITER).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 0);
    }

    /// [EAG-4] A key whose row is not there gives none, and is no error.
    #[case]
    async fn a_key_without_a_row(db: Db) {
        #[derive(Model, Debug)]
        struct Loose {
            #[model(key, auto)]
            id: i64,
            to: Option<BelongsTo<User>>,
        }
        db.create::<User>().await;
        db.script("CREATE TABLE loose (id INTEGER PRIMARY KEY, to_id BIGINT)").await;
        db.script("INSERT INTO users (name) VALUES ('Ann')").await;
        db.script("INSERT INTO loose (id, to_id) VALUES (1, 1), (2, 77)").await;
        let mut session = db.session();
        let all = session.all(Loose::select().order_by(Loose::ID.asc()).with(Loose::TO)).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        let known: Vec<_> =
            all.iter().map(|&e| session[e].to.as_ref().unwrap().try_entity().is_ok()).collect();
        assert_eq!(known, [true, false]);
    }

    /// [EAG-2] A loop that loads one by one costs one statement for each level, as each brings those along that came with it; a session
    /// that is told to loads one by one.
    #[case]
    async fn a_loop_costs_as_much_as_a_query(db: Db) {
        let mut session = blog(&db).await;
        assert_eq!(walk(&mut session).await, 3);
        assert_eq!(db.trace.take_statements().len(), 3);
        let mut session = SessionMaker::new(&db.engine).cohorts(false).session();
        assert_eq!(walk(&mut session).await, 3);
        assert_eq!(db.trace.take_statements().len(), 1 + 3 + 3);
        // The last query says who belongs together.
        let mut session = db.session();
        let all = session.all(User::select().order_by(User::NAME.asc())).await.unwrap();
        session.all(User::select().filter(User::NAME.gt("Ann"))).await.unwrap();
        db.trace.take();
        session.load_with(all[2], User::POSTS).await.unwrap();
        let loaded: Vec<_> = all.iter().map(|&user| session[user].posts.is_loaded()).collect();
        assert_eq!((loaded, db.trace.take_statements().len()), (vec![false, true, true], 1));
    }

    async fn walk(session: &mut Session) -> usize {
        let mut comments = 0;
        for user in session.all(User::select()).await.unwrap() {
            for post in session.load_with(user, User::POSTS).await.unwrap().posts.to_vec() {
                comments += session.load_with(post, Post::COMMENTS).await.unwrap().comments.len();
            }
        }
        comments
    }

    /// [REL-2] [REL-9] What was added and not flushed is in what is loaded, once, and is written first.
    #[case]
    async fn what_is_not_flushed_is_in_it(db: Db) {
        let mut session = blog(&db).await;
        let ann = session.one(User::select().filter(User::NAME.eq("Ann"))).await.unwrap();
        let pushed = session.add(Post::new(ann, "new"));
        session[ann].posts.push(pushed);
        db.trace.take();
        let posts = session.load_with(ann, User::POSTS).await.unwrap().posts.to_vec();
        assert_eq!((posts.len(), posts.contains(&pushed)), (3, true));
        assert_eq!(db.trace.take_statements().len(), 2);
        // A new one is written, and has what it was given.
        let dora = session.add(User::new("Dora"));
        assert_eq!(session.load_with(dora, User::POSTS).await.unwrap().posts.len(), 0);
        assert_eq!(db.trace.take_statements().len(), 1);
        // What is loaded is brought into line as well.
        session[pushed].author = dora.into();
        assert_eq!(session.load_with(dora, User::POSTS).await.unwrap().posts.to_vec(), [pushed]);
        assert_eq!(session[ann].posts.len(), 2);
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [ASY-3] [EXP-8] A relation is a last known one after the end of a transaction, and is read again by the next load; so is its row.
    #[case]
    async fn relations_are_stale_after_a_transaction(db: Db) {
        let mut session = blog(&db).await;
        let users = session.all(User::select().order_by(User::NAME.asc()).with(User::POSTS)).await.unwrap();
        let ann = users[0];
        session.commit().await.unwrap();
        db.script("INSERT INTO posts (author_id, title) VALUES (1, 'z')").await;
        db.script("UPDATE users SET name = 'Anna' WHERE id = 1").await;
        db.trace.take();
        assert_eq!(titles(&session, ann), ["a2", "a1"]);
        assert_eq!(session.load_with(ann, User::POSTS).await.unwrap().name, "Anna");
        assert_eq!(titles(&session, ann), ["z", "a2", "a1"]);
        assert_eq!(db.trace.take_statements().len(), 2);
        for &user in &users {
            session.load_with(user, User::POSTS).await.unwrap();
        }
        assert_eq!(db.trace.take_statements().len(), 0);
        session.commit().await.unwrap();
        session.all(User::select().with(User::POSTS)).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);

        // Expired ones are read first, and one that is gone says so.
        session.expire_all();
        assert_eq!(session.load_with(ann, User::POSTS).await.unwrap().posts.len(), 3);
        session.commit().await.unwrap();
        db.script("DELETE FROM users WHERE id = 3").await;
        let error = session.load_with(users[2], User::POSTS).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowGone);
        assert_says(&error, &["the row with key 3 was deleted by somebody else"]);
    }

    /// [EXP-8] [QRY-12] A refresh reads what is loaded again, and nothing else; so does a query that is told to.
    #[case]
    async fn what_is_loaded_is_refreshed(db: Db) {
        let mut session = blog(&db).await;
        let query = || User::select().filter(User::NAME.eq("Ann")).with(User::POSTS);
        let ann = session.one(query()).await.unwrap();
        session.execute(text("INSERT INTO posts (author_id, title) VALUES (1, 'z')")).await.unwrap();
        db.trace.take();
        session.refresh(ann).await.unwrap();
        assert_eq!((titles(&session, ann).len(), db.trace.take_statements().len()), (3, 2));
        session.execute(text("UPDATE posts SET title = 'y' WHERE title = 'z'")).await.unwrap();
        db.trace.take();
        session.one(query()).await.unwrap();
        assert_eq!((titles(&session, ann)[0].as_str(), db.trace.take_statements().len()), ("z", 1));
        session.one(query().populate_existing()).await.unwrap();
        assert_eq!((titles(&session, ann)[0].as_str(), db.trace.take_statements().len()), ("y", 2));
        let post = session[ann].posts.first().unwrap();
        assert_eq!(session[post].author.entity(), ann);
        db.trace.take();
        session.refresh(post).await.unwrap();
        assert_eq!((session[post].author.entity(), db.trace.take_statements().len()), (ann, 1));
    }

    /// [EAG-8] The mapping says what each query loads, the query what it does not; where all is known it ends.
    #[case]
    async fn the_mapping_loads_with_each_query(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        for name in ["a", "b"] {
            let shop = session.add(Shop::new(name));
            let shelf = session.add(Shelf::new(shop));
            session.add_all([Good::new(shelf), Good::new(shelf)]);
        }
        session.commit().await.unwrap();
        let goods = |session: &Session, shop: Entity<Shop>| {
            session[shop].shelves.iter().map(|shelf| session[shelf].goods.len()).sum::<usize>()
        };
        let mut session = db.session();
        db.trace.take();
        let shops = session.all(Shop::select()).await.unwrap();
        assert_eq!((goods(&session, shops[1]), db.trace.take_statements().len()), (2, 3));
        let mut session = db.session();
        let shop = session.get_one::<Shop>(1).await.unwrap();
        assert_eq!((goods(&session, shop), db.trace.take_statements().len()), (2, 3));
        let mut session = db.session();
        let shops = session.all(Shop::select().without(Shop::SHELVES)).await.unwrap();
        assert!(!session[shops[0]].shelves.is_loaded());
        assert_eq!(db.trace.take_statements().len(), 1);
        session.load_with(shops[0], Shop::SHELVES.then_without(Shelf::GOODS)).await.unwrap();
        let shelf = session[shops[1]].shelves.first().unwrap();
        assert!(!session[shelf].goods.is_loaded());
        assert_eq!(db.trace.take_statements().len(), 1);
        let rows = db.session().rows(Shop::select()).await.unwrap();
        assert!(rows.iter().all(|shop| !shop.shelves.is_loaded()));
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [ASY-9] Each partition of a stream has its relations, and the session goes on when it is left.
    #[case]
    async fn a_stream_loads_with_each_partition(db: Db) {
        let mut session = blog(&db).await;
        let query = User::select().order_by(User::NAME.asc()).with(User::POSTS.then(Post::COMMENTS));
        let mut stream = session.stream(query.clone(), 2).await.unwrap();
        let mut found = Vec::new();
        while let Some(users) = stream.next().await.unwrap() {
            assert!(users.len() <= 2);
            for user in users {
                stream[user].name.push('!');
                found.push((
                    stream[user].posts.len(),
                    stream[user].posts.iter().all(|post| stream[post].comments.is_loaded()),
                ));
            }
        }
        drop(stream);
        assert_eq!(found, [(2, true), (1, true), (0, true)]);
        session.rollback().await.unwrap();
        let mut stream = session.stream(query, 1).await.unwrap();
        stream.next().await.unwrap();
        drop(stream);
        assert_eq!(session.count(User::select()).await.unwrap(), 3);
        session.commit().await.unwrap();
    }

    /// [STA-4] A struct that leaves keeps what is loaded; the rest is an error, and no empty list.
    #[case]
    async fn what_is_detached_keeps_what_is_loaded(db: Db) {
        let mut session = blog(&db).await;
        let users = session.all(User::select().order_by(User::NAME.asc()).with(User::POSTS)).await.unwrap();
        let ann = session.detach(users[0]).unwrap();
        assert_eq!(ann.posts.len(), 2);
        assert_eq!(ann.profile.try_get().unwrap_err().kind(), ErrorKind::NotLoaded);
        let post = ann.posts.first().unwrap();
        let post = session.detach(post).unwrap();
        assert_eq!(post.comments.try_iter().map(Iterator::count).unwrap_err().kind(), ErrorKind::NotLoaded);
        let error = session.load_with(users[0], User::POSTS).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Detached);
    }

    /// [REL-9] What cannot load is told so.
    #[case]
    async fn who_reads_no_entities_loads_no_relations(db: Db) {
        let mut session = blog(&db).await;
        let query = || User::select().with(User::POSTS);
        let error = session.rows(query()).await.unwrap_err();
        assert_says(&error, &["with(…) loads relations of entities, and rows(…) reads none"]);
        let error = session.all(query().columns(User::NAME)).await.unwrap_err();
        assert_says(&error, &["with(…) loads relations of entities, and a query for columns reads none"]);
        let error = session.all(select(count_all()).from(query().subquery("u"))).await.unwrap_err();
        assert_says(&error, &["with(…) loads relations of the entities that are read"]);
        let error = db.engine.connect().await.unwrap().all(query()).await.unwrap_err();
        assert_says(&error, &["with(…) loads relations of entities, and a connection reads none"]);
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session.count(query()).await.unwrap(), 3);
        assert!(session.exists(query()).await.unwrap());
        let both = query().filter(User::NAME.eq("Ann")).union(User::select().filter(User::NAME.eq("Bob")));
        let both = session.all(both).await.unwrap();
        assert!(both.iter().all(|&user| session[user].posts.is_loaded()));
    }
}

/// The children of many parents, whatever their keys are: a list of them is one array on PostgreSQL.
macro_rules! children_by_key {
    ($module:ident, $key:ty, |$number:ident| $make:expr) => {
        #[both_forms]
        mod $module {
            use super::*;

            #[derive(Model, Debug)]
            #[model(table = "parents")]
            struct Parent {
                #[model(key)]
                id: $key,
                children: HasMany<Child>,
            }

            #[derive(Model, Debug)]
            #[model(table = "children")]
            struct Child {
                #[model(key, auto)]
                id: i64,
                parent: BelongsTo<Parent>,
            }

            /// [EAG-3] [REF-1] Each parent has its own; rows that are read again by their keys are all there.
            #[case]
            async fn have_parents_of_any_key(db: Db) {
                db.create::<Child>().await;
                let mut session = db.session();
                for $number in 0..12 {
                    let parent = session.add(Parent::new($make));
                    session.add(Child::new(parent));
                }
                session.commit().await.unwrap();
                let mut session = db.session();
                let parents = session.all(Parent::select()).await.unwrap();
                session.load_with_all(&parents, Parent::CHILDREN).await.unwrap();
                for &parent in &parents {
                    let child = session[parent].children.first().unwrap();
                    assert_eq!(session[parent].children.len(), 1);
                    assert_eq!(session[child].parent.get(), Some(&session[parent].id));
                }
                session.commit().await.unwrap();
                let keys: Vec<_> = parents.iter().map(|&parent| session[parent].id.clone()).collect();
                let again = session.get_many::<Parent>(keys).await.unwrap();
                assert_eq!(again, parents.iter().copied().map(Some).collect::<Vec<_>>());
            }
        }
    };
}

children_by_key!(by_number, i32, |number| number * 10);
children_by_key!(by_text, String, |number| format!("key {number}"));
children_by_key!(by_bytes, Vec<u8>, |number| vec![number, 0, 255]);
children_by_key!(by_uuid, uuid::Uuid, |number| uuid::Uuid::from_u128(number));
children_by_key!(by_date, jiff::civil::Date, |number| jiff::civil::date(2026, 11, 10 + number));
children_by_key!(by_decimal, rust_decimal::Decimal, |number| rust_decimal::Decimal::new(number, 1));
children_by_key!(by_word, Month, |number| Month::ALL[number].clone());

#[derive(DbEnum, Clone, Debug, PartialEq)]
#[db(native)]
enum Month {
    January,
    February,
    March,
    April,
    May,
    June,
    July,
    August,
    September,
    October,
    November,
    December,
}

impl Month {
    const ALL: [Self; 12] = [
        Self::January,
        Self::February,
        Self::March,
        Self::April,
        Self::May,
        Self::June,
        Self::July,
        Self::August,
        Self::September,
        Self::October,
        Self::November,
        Self::December,
    ];
}
