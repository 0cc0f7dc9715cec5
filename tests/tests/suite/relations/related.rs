//! Some of the related rows of each of several entities, as a result of its own.

use orm::{RelatedQuery, Relation};
use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(order_by = Post::TITLE.asc())]
    posts: HasMany<Post>,
    profile: HasOne<Profile>,
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
    text: Deferred<String>,
    #[model(order_by = Tag::WORD.asc())]
    tags: ManyToMany<Tag>,
}

#[derive(Model, Debug)]
#[model(table = "tags")]
struct Tag {
    #[model(key)]
    shop: i64,
    #[model(key)]
    word: String,
    #[model(via = Post::TAGS)]
    posts: ManyToMany<Post>,
}

#[both_forms]
mod related {
    use super::*;

    /// Alice has written a, b, c, x; Bob b and x; Carol nothing. b of Alice and x of Bob have the tags k, l, m and k.
    async fn people(db: &Db) -> (Session, [Entity<User>; 3]) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = ["Alice", "Bob", "Carol"].map(|name| session.add(User::new(name)));
        let posts = [(0, "a"), (0, "b"), (0, "c"), (0, "x"), (1, "b"), (1, "x")];
        let posts = posts.map(|(user, title)| session.add(Post::new(title, users[user], "hm")));
        session.add(Profile::new(users[0], "hm"));
        let tags = ["k", "l", "m"].map(|word| session.add(Tag::new(1, word)));
        session[posts[1]].tags.extend(tags);
        session[posts[5]].tags.push(tags[0]);
        session.commit().await.unwrap();
        let mut session = db.session();
        let found = session.all(User::select().order_by(User::ID)).await.unwrap();
        db.trace.take();
        (session, found.try_into().unwrap())
    }

    fn titles(session: &Session, posts: &[Entity<Post>]) -> String {
        posts.iter().map(|&post| session[post].title.as_str()).collect()
    }

    fn words(session: &Session, tags: &[Entity<Tag>]) -> String {
        tags.iter().map(|&tag| session[tag].word.as_str()).collect()
    }

    /// [EAG-7] [REL-8] Filtered, ordered and limited for each parent, with one statement; the collections stay as they are.
    #[case]
    async fn lists_are_limited_for_each_parent(db: Db) {
        let (mut session, users) = people(&db).await;
        let last = User::POSTS.filter(Post::TITLE.ne("c")).order_by(Post::ID.desc()).limit(2);
        let found = session.related(&users, last.clone()).await.unwrap();
        let shown: Vec<_> = found.iter().map(|(user, posts)| (user, titles(&session, posts))).collect();
        assert_eq!(
            shown,
            [(users[0], "xb".to_owned()), (users[1], "xb".to_owned()), (users[2], String::new())]
        );
        assert_eq!(found[users[1]].len(), 2);
        assert_eq!(db.trace.take_statements().len(), 1);
        assert!(users.iter().all(|&user| !session[user].posts.is_loaded()));
        assert!(!session[found[users[0]][0]].text.is_loaded());
        let second = session.related(&users, last.offset(1)).await.unwrap();
        let shown: Vec<_> = second.into_iter().map(|(_, posts)| titles(&session, &posts)).collect();
        assert_eq!(shown, ["ba", "b", ""]);
        let all = session.related(&users[..2], User::POSTS).await.unwrap();
        assert_eq!(titles(&session, &all[users[0]]), "abcx");
        assert!(all.get(users[2]).is_none());
        session.load_with(users[0], User::POSTS).await.unwrap();
        session.related(&users, User::POSTS.limit(1)).await.unwrap();
        assert_eq!(session[users[0]].posts.len(), 4);
    }

    /// [EAG-7] Linked rows, rows with keys of several columns, one-to-one relations, and references seen from the other side.
    #[case]
    async fn all_kinds_of_relations_are_read(db: Db) {
        let (mut session, users) = people(&db).await;
        let posts = session.all(Post::select().order_by(Post::ID)).await.unwrap();
        let tags = session.related(&posts, Post::TAGS.order_by(Tag::WORD.desc()).limit(2)).await.unwrap();
        let words = tags.iter().map(|(_, tags)| words(&session, tags)).collect::<Vec<_>>();
        assert_eq!(words, ["", "ml", "", "", "", "k"]);
        let k = tags[posts[5]][0];
        let of_k: RelatedQuery<Tag, Post> = Tag::POSTS.filter(Post::TAGS.count().gt(1));
        let of_k = session.related(&[k], of_k).await.unwrap();
        assert_eq!(of_k[k], [posts[1]]);
        let profiles = session.related(&users, User::PROFILE).await.unwrap();
        assert_eq!(profiles.iter().map(|(_, found)| found.len()).collect::<Vec<_>>(), [1, 0, 0]);
        let reversed: Relation<User, Post> = Post::AUTHOR.reverse();
        let found = session.related(&users, reversed.filter(Post::TITLE.eq("x"))).await.unwrap();
        assert_eq!(found[users[1]], [posts[5]]);
    }

    /// [EAG-3] 1 statement for each 500 parents. What was changed is written first.
    #[case]
    async fn parents_come_in_chunks(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users: Vec<_> = (0..501).map(|number| session.add(User::new(number.to_string()))).collect();
        session.flush().await.unwrap();
        let post = session.add(Post::new("x", users[500], "hm"));
        let mut twice = users.clone();
        twice.push(users[500]);
        db.trace.take();
        let found = session.related(&twice, User::POSTS.limit(1)).await.unwrap();
        assert_eq!((found.len(), &found[users[500]]), (501, &[post][..]));
        assert_eq!(db.trace.take_statements().len(), 3);
    }
}
