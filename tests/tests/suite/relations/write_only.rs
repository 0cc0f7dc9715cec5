//! Collections that are too large to be loaded: written without being read, and read by queries.

use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    posts: HasMany<Post>,
    groups: ManyToMany<Group>,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: Option<BelongsTo<User>>,
}

#[derive(Model, Debug)]
#[model(table = "groups")]
struct Group {
    #[model(key)]
    name: String,
}

#[both_forms]
mod write_only {
    use super::*;

    /// Alice with the posts 1 to 3 in the groups a to c, of which the session knows Alice alone.
    async fn alice(db: &Db) -> (Session, Entity<User>) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session[alice].posts.extend(["x", "y", "z"].map(Post::new));
        session[alice].groups.extend(["a", "b", "c"].map(Group::new));
        session.commit().await.unwrap();
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        db.trace.take();
        (session, alice)
    }

    /// [REL-10] Members are added and removed with no SELECT of members, by key if need be, and stay unknown.
    #[case]
    async fn members_are_added_and_removed_unread(db: Db) {
        let (mut session, alice) = alice(&db).await;
        let first = session.reference::<Post>(1).unwrap();
        session[alice].posts.push(Post::new("new"));
        session[alice].posts.remove(first);
        session.flush().await.unwrap();
        let sent = db.trace.take_statements();
        assert!(sent.len() == 2 && !sent.iter().any(|sql| sql.starts_with("SELECT")), "{sent:?}");
        assert!(!session[alice].posts.is_loaded());
        let [a, new] = ["a", "new"].map(|name| name.to_owned());
        let a = session.reference::<Group>(a).unwrap();
        session[alice].groups.remove(a);
        session[alice].groups.push(Group::new(new));
        session.flush().await.unwrap();
        let sent = db.trace.take_statements();
        assert!(sent.len() == 3 && !sent.iter().any(|sql| sql.starts_with("SELECT")), "{sent:?}");
        let second = session.reference::<Post>(2).unwrap();
        session.unlink(alice, User::POSTS, second).unwrap();
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        let titles =
            session.all(User::POSTS.of(alice).columns(Post::TITLE).order_by(Post::ID)).await.unwrap();
        assert_eq!(titles, ["z", "new"]);
        let groups = User::GROUPS.of(alice).columns(Group::NAME).order_by(Group::NAME);
        assert_eq!(session.all(groups).await.unwrap(), ["b", "c", "new"]);
    }

    /// [REL-10] A row that is known by its key alone comes in unread, and goes only if it is there.
    #[case]
    async fn members_are_named_by_their_keys(db: Db) {
        let (mut session, alice) = alice(&db).await;
        let bob = session.add(User::new("Bob"));
        session.commit().await.unwrap();
        let ids = [session[alice].id, session[bob].id];
        let mut session = db.session();
        let [alice, bob] = ids;
        let alice = session.get::<User>(alice).await.unwrap().unwrap();
        let bob = session.get::<User>(bob).await.unwrap().unwrap();
        db.trace.take();
        let [one, two] = [1, 2].map(|id| session.reference::<Post>(id).unwrap());
        session[bob].posts.push(one);
        session[bob].posts.remove(two);
        session.flush().await.unwrap();
        let sent = db.trace.take_statements();
        assert!(sent.len() == 2 && !sent.iter().any(|sql| sql.starts_with("SELECT")), "{sent:?}");
        session.commit().await.unwrap();
        let titles = |user| User::POSTS.of(user).columns(Post::TITLE).order_by(Post::ID);
        assert_eq!(session.all(titles(bob)).await.unwrap(), ["x"]);
        assert_eq!(session.all(titles(alice)).await.unwrap(), ["y", "z"]);
        assert_eq!(session.load(one).await.unwrap().title, "x");
        session.load_with(alice, User::POSTS).await.unwrap();
        assert_eq!(session[alice].posts.len(), 2);
    }

    /// [REL-10] Reading goes through queries that can be filtered, sorted, limited and counted; they see what was not flushed before,
    /// and the collection stays unknown.
    #[case]
    async fn members_are_read_by_queries(db: Db) {
        let (mut session, alice) = alice(&db).await;
        session[alice].posts.push(Post::new("w"));
        assert_eq!(session.count(User::POSTS.of(alice)).await.unwrap(), 4);
        let last = User::POSTS.of(alice).filter(Post::TITLE.ne("z")).order_by(Post::TITLE.desc()).limit(2);
        let posts = session.all(last).await.unwrap();
        let titles: Vec<_> = posts.iter().map(|&post| session[post].title.as_str()).collect();
        assert_eq!(titles, ["y", "x"]);
        let groups = session.all(User::GROUPS.of(alice).filter(Group::NAME.gt("a"))).await.unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(session.count(User::GROUPS.of(alice)).await.unwrap(), 3);
        assert!(!session[alice].posts.is_loaded() && !session[alice].groups.is_loaded());
        let of_a_new_one = session.add(User::new("Bob"));
        assert_eq!(session.count(User::POSTS.of(of_a_new_one)).await.unwrap(), 0);
    }
}
