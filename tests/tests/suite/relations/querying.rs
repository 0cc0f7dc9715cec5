//! Relations in queries: joined along, filtered by, counted; the rows of one entity.

use orm::Select;
use orm::dialect::{Dialect, Postgres, Sqlite};
use orm::functions::count;
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(order_by = Post::TITLE.desc())]
    posts: HasMany<Post>,
    profile: HasOne<Profile>,
    friends: ManyToMany<Self>,
}

#[derive(Model, Debug)]
#[model(table = "profiles")]
struct Profile {
    #[model(key)]
    user: BelongsTo<User>,
    motto: String,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: BelongsTo<User>,
    tags: ManyToMany<Tag>,
    #[model(through = Rating)]
    raters: ManyToMany<User>,
}

#[derive(Model, Debug)]
#[model(table = "tags")]
struct Tag {
    #[model(key)]
    shop: i64,
    #[model(key)]
    word: String,
    #[model(via = Post::TAGS, order_by = Post::ID.asc())]
    posts: ManyToMany<Post>,
}

#[derive(Model, Debug)]
#[model(table = "ratings")]
struct Rating {
    #[model(key)]
    post: BelongsTo<Post>,
    #[model(key)]
    user: BelongsTo<User>,
    stars: i16,
}

#[track_caller]
fn check<S>(query: &Select<S>, expected: &str) {
    let dialects: [&dyn Dialect; 2] = [&Sqlite, &Postgres];
    for dialect in dialects {
        let sql = query.to_sql(dialect).unwrap().replace(['"', '`'], "");
        let sql = ["$1", "$2", "$3"].iter().fold(sql, |sql, place| sql.replace(place, "?"));
        let (_, clauses) = sql.split_once(" FROM ").unwrap();
        assert_eq!(clauses, expected, "{}", dialect.name());
    }
}

/// [QRY-5] A relation is joined by its foreign key, one of linked rows over its join table, from whichever side.
#[test]
fn relations_are_joined() {
    check(&User::select().join(User::POSTS), "users JOIN posts ON posts.author_id = users.id");
    check(&Post::select().join(User::POSTS), "posts JOIN users ON posts.author_id = users.id");
    check(
        &User::select().left_join(User::PROFILE),
        "users LEFT JOIN profiles ON profiles.user_id = users.id",
    );
    let links = "post_tags ON post_tags.post_id = posts.id";
    let tags = "tags ON post_tags.tag_shop = tags.shop AND post_tags.tag_word = tags.word";
    check(&Post::select().join(Post::TAGS), &format!("posts JOIN {links} JOIN {tags}"));
    check(&Post::select().left_join(Tag::POSTS), &format!("posts LEFT JOIN {links} LEFT JOIN {tags}"));
    let (links, tags) = (links.replace("post_tags ON", "X ON"), tags.replace("tags ON", "X ON"));
    let links = links.replace("X ON post_tags.post_id = posts.id", "posts ON post_tags.post_id = posts.id");
    let tags = tags.replace("X ON", "post_tags ON");
    check(&Tag::select().join(Post::TAGS), &format!("tags JOIN {tags} JOIN {links}"));
    check(
        &Post::select().join(Post::RATERS).filter(Rating::STARS.gt(3)),
        "posts JOIN ratings ON ratings.post_id = posts.id JOIN users ON ratings.user_id = users.id WHERE ratings.stars > ?",
    );
}

/// [QRY-5] [QRY-8] What leads to its own table, or is joined twice, goes by other names; those of join tables are made up.
#[test]
fn relations_are_renamed() {
    let (friend, second) = (User::alias("friend"), User::alias("second"));
    check(
        &User::select().join(User::FRIENDS.to(friend)).join(User::FRIENDS.from(friend).to(second)),
        "users JOIN user_friends ON user_friends.user_id = users.id \
         JOIN users AS friend ON user_friends.other_user_id = friend.id \
         JOIN user_friends AS user_friends_2 ON user_friends_2.user_id = friend.id \
         JOIN users AS second ON user_friends_2.other_user_id = second.id",
    );
    check(
        &User::select().filter(User::FRIENDS.any(User::NAME.eq("x"))),
        "users WHERE EXISTS (SELECT 1 FROM user_friends JOIN users AS related_1 \
         ON user_friends.other_user_id = related_1.id WHERE user_friends.user_id = users.id AND related_1.name = ?)",
    );
    let post = Post::alias("p");
    check(
        &select(User::NAME).filter(User::POSTS.to(post).any(Post::TITLE.of(post).eq(User::NAME))),
        "users WHERE EXISTS (SELECT 1 FROM posts AS p WHERE p.author_id = users.id AND p.title = users.name)",
    );
    let twice = User::select().join(User::FRIENDS).to_sql(&Sqlite).unwrap_err();
    assert_says(twice, &["users", "both are in the query already", "alias"]);
}

/// [QRY-8] Conditions on related rows and their number are subqueries; a join table alone answers where it can.
#[test]
fn relations_are_asked() {
    check(
        &User::select().filter(User::POSTS.any(Post::TITLE.eq("x"))).filter(!User::PROFILE.exists()),
        "users WHERE EXISTS (SELECT 1 FROM posts WHERE posts.author_id = users.id AND posts.title = ?) \
         AND NOT (EXISTS (SELECT 1 FROM profiles WHERE profiles.user_id = users.id))",
    );
    check(
        &Post::select().filter(Post::TAGS.any(Tag::WORD.eq("x"))).filter(!Post::TAGS.exists()),
        "posts WHERE EXISTS (SELECT 1 FROM post_tags JOIN tags ON post_tags.tag_shop = tags.shop AND \
         post_tags.tag_word = tags.word WHERE post_tags.post_id = posts.id AND tags.word = ?) AND \
         NOT (EXISTS (SELECT 1 FROM post_tags WHERE post_tags.post_id = posts.id))",
    );
    check(
        &Post::select().filter(Post::TAGS.contains(BelongsTo::key((1, "x".to_owned())))),
        "posts WHERE EXISTS (SELECT 1 FROM post_tags WHERE post_tags.post_id = posts.id AND \
         (post_tags.tag_shop = ? AND post_tags.tag_word = ?))",
    );
    check(
        &User::select().filter(User::POSTS.contains(BelongsTo::key(7))).filter(User::POSTS.count().gt(2)),
        "users WHERE EXISTS (SELECT 1 FROM posts WHERE posts.author_id = users.id AND posts.id = ?) AND \
         (SELECT COUNT(*) FROM posts WHERE posts.author_id = users.id) > ?",
    );
    check(
        &User::select().order_by(User::FRIENDS.count().desc()),
        "users ORDER BY (SELECT COUNT(*) FROM user_friends WHERE user_friends.user_id = users.id) DESC",
    );
    check(
        &Post::select().filter(Post::RATERS.any(User::NAME.eq("x") & Rating::STARS.gt(3))),
        "posts WHERE EXISTS (SELECT 1 FROM ratings JOIN users ON ratings.user_id = users.id \
         WHERE ratings.post_id = posts.id AND (users.name = ? AND ratings.stars > ?))",
    );
}

/// [REL-10] [REL-8] The rows of one entity are a query, in the order of the relation.
#[test]
fn rows_of_an_entity_are_a_query() {
    check(
        &User::POSTS.of(BelongsTo::key(7)).filter(Post::TITLE.ne("x")),
        "posts WHERE author_id = ? AND title <> ? ORDER BY title DESC",
    );
    check(
        &Tag::POSTS.of(BelongsTo::key((1, "x".to_owned()))),
        "posts WHERE id IN (SELECT post_tags.post_id FROM post_tags WHERE (post_tags.tag_shop = ? AND post_tags.tag_word = ?)) \
         ORDER BY id ASC",
    );
    check(
        &Post::TAGS.of(BelongsTo::key(7)).join(Tag::POSTS),
        "tags JOIN post_tags ON post_tags.tag_shop = tags.shop AND post_tags.tag_word = tags.word JOIN posts ON \
         post_tags.post_id = posts.id WHERE (tags.shop, tags.word) IN (SELECT post_tags.tag_shop, post_tags.tag_word \
         FROM post_tags WHERE post_tags.post_id = ?)",
    );
}

#[both_forms]
mod querying {
    use super::*;

    /// Alice has written "a" and "b", tagged x and x, y; Bob nothing. Bob is Alice's friend.
    async fn people(db: &Db) -> Session {
        db.create::<User>().await;
        let mut session = db.session();
        let [alice, bob] = ["Alice", "Bob"].map(|name| session.add(User::new(name)));
        let [a, b] = ["a", "b"].map(|title| session.add(Post::new(title, alice)));
        session.add(Tag::new(1, "x"));
        session.add(Tag::new(1, "y"));
        session.add(Profile::new(alice, "hm"));
        session.add(Rating::new(a, bob, 5));
        session.flush().await.unwrap();
        for (post, word) in [(a, "x"), (b, "x"), (b, "y")] {
            let sql = "INSERT INTO post_tags VALUES (:post, 1, :word)";
            session.execute(text(sql).bind("post", session[post].id).bind("word", word)).await.unwrap();
        }
        let sql = "INSERT INTO user_friends VALUES (:one, :other)";
        let pair = text(sql).bind("one", session[alice].id).bind("other", session[bob].id);
        session.execute(pair).await.unwrap();
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    async fn names(session: &mut Session, condition: orm::Condition) -> Vec<String> {
        session.all(select(User::NAME).filter(condition).order_by(User::NAME)).await.unwrap()
    }

    /// [QRY-8] [QRY-5] What is asked along a relation is answered by the rows.
    #[case]
    async fn conditions_find_their_rows(db: Db) {
        let mut session = people(&db).await;
        assert_eq!(names(&mut session, User::POSTS.any(Post::TITLE.eq("a"))).await, ["Alice"]);
        assert_eq!(names(&mut session, !User::POSTS.exists()).await, ["Bob"]);
        assert_eq!(names(&mut session, User::POSTS.count().eq(2)).await, ["Alice"]);
        assert_eq!(names(&mut session, User::POSTS.count_where(Post::TITLE.eq("a")).eq(0)).await, ["Bob"]);
        assert_eq!(names(&mut session, User::PROFILE.any(Profile::MOTTO.eq("hm"))).await, ["Alice"]);
        assert_eq!(names(&mut session, User::FRIENDS.any(User::NAME.eq("Bob"))).await, ["Alice"]);
        let tagged = User::POSTS.any(Post::TAGS.any(Tag::WORD.eq("y") & Tag::POSTS.any(Post::TITLE.eq("b"))));
        assert_eq!(names(&mut session, tagged).await, ["Alice"]);
        let rows = session
            .all(
                select((Tag::WORD, count(Post::ID)))
                    .left_join(Tag::POSTS)
                    .group_by(Tag::WORD)
                    .order_by(Tag::WORD),
            )
            .await
            .unwrap();
        assert_eq!(rows, [("x".to_owned(), 2), ("y".to_owned(), 1)]);
        let counts = select((Post::TITLE, Post::TAGS.count())).order_by(Post::TITLE);
        assert_eq!(session.all(counts).await.unwrap(), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }

    /// [QRY-8] An entity is looked for among those of a relation; one that is new is flushed first.
    #[case]
    async fn entities_are_looked_for(db: Db) {
        let mut session = people(&db).await;
        let y = session.get::<Tag>((1, "y".to_owned())).await.unwrap().unwrap();
        let bob = session.one(User::select().filter(User::NAME.eq("Bob"))).await.unwrap();
        let tagged = session.all(select(Post::TITLE).filter(Post::TAGS.contains(y))).await.unwrap();
        assert_eq!(tagged, ["b"]);
        assert_eq!(names(&mut session, User::FRIENDS.contains(bob)).await, ["Alice"]);
        let new = session.add(Post::new("c", bob));
        assert_eq!(names(&mut session, User::POSTS.contains(new)).await, ["Bob"]);
        assert!(names(&mut session, User::POSTS.contains(None)).await.is_empty());
    }
}
