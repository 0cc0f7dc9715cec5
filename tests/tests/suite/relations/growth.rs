//! What is done to many related entities costs so much for each, however many there are.

use allocation_counter::measure;
use orm_tests::prelude::*;
use orm_tests::{Backend, sync_form};

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    posts: HasMany<Post>,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: Option<BelongsTo<User>>,
    tags: ManyToMany<Tag>,
}

#[derive(Model, Debug)]
#[model(table = "tags")]
struct Tag {
    #[model(key, auto)]
    id: i64,
    #[model(via = Post::TAGS)]
    posts: ManyToMany<Post>,
}

fn written_by(author: Entity<User>) -> Post {
    Post { author: Some(author.into()), ..Post::new() }
}

/// What there is when the work begins, all of it known: the posts are those of the first user and have the first tag.
struct Stored {
    users: [Entity<User>; 2],
    tags: [Entity<Tag>; 2],
    posts: Vec<Entity<Post>>,
}

type Work = fn(&mut sync_form::Session, &Stored);

const WORKS: [(&str, Work); 15] = [
    ("new ones refer to one", |session, stored| {
        let new = stored.posts.iter().map(|_| written_by(stored.users[0]));
        session.add_all(new.collect::<Vec<_>>());
    }),
    ("new ones are put in", |session, stored| {
        stored.posts.iter().for_each(|_| session[stored.users[0]].posts.push(Post::new()));
    }),
    ("references change", |session, stored| {
        stored.posts.iter().for_each(|&post| session[post].author = Some(stored.users[1].into()));
    }),
    ("they are put into another one", |session, stored| {
        stored.posts.iter().for_each(|&post| session[stored.users[1]].posts.push(post));
    }),
    ("they are taken out from the front", |session, stored| {
        stored.posts.iter().for_each(|&post| assert!(session[stored.users[0]].posts.remove(post)));
    }),
    ("they are taken out from the back", |session, stored| {
        stored.posts.iter().rev().for_each(|&post| assert!(session[stored.users[0]].posts.remove(post)));
    }),
    ("both sides change at once", |session, stored| {
        let mut link = |&post: &Entity<Post>| session.link(stored.users[1], User::POSTS, post).unwrap();
        stored.posts.iter().for_each(&mut link);
    }),
    ("both sides let go at once", |session, stored| {
        let mut unlink =
            |&post: &Entity<Post>| assert!(session.unlink(stored.users[0], User::POSTS, post).unwrap());
        stored.posts.iter().for_each(&mut unlink);
    }),
    ("they are deleted", |session, stored| {
        stored.posts.iter().for_each(|&post| session.delete(post).unwrap());
    }),
    ("each is linked", |session, stored| {
        stored.posts.iter().for_each(|&post| session[post].tags.push(stored.tags[1]));
    }),
    ("one is linked with each", |session, stored| {
        stored.posts.iter().for_each(|&post| session[stored.tags[1]].posts.push(post));
    }),
    ("each is linked no longer", |session, stored| {
        stored.posts.iter().for_each(|&post| assert!(session[post].tags.remove(stored.tags[0])));
    }),
    ("one is linked with each no longer", |session, stored| {
        stored.posts.iter().for_each(|&post| assert!(session[stored.tags[0]].posts.remove(post)));
    }),
    ("each is linked on both sides", |session, stored| {
        let mut link = |&post: &Entity<Post>| session.link(post, Post::TAGS, stored.tags[1]).unwrap();
        stored.posts.iter().for_each(&mut link);
    }),
    ("each is linked on neither side", |session, stored| {
        let mut unlink =
            |&post: &Entity<Post>| assert!(session.unlink(post, Post::TAGS, stored.tags[0]).unwrap());
        stored.posts.iter().for_each(&mut unlink);
    }),
];

/// How much is allocated for it, in bytes, with so many.
fn bytes(engine: &sync_form::Engine, work: Work, count: usize) -> u64 {
    let mut session = engine.session();
    let users = [User::new(), User::new()].map(|user| session.add(user));
    let tags = [Tag::new(), Tag::new()].map(|tag| session.add(tag));
    let posts = session.add_all((0..count).map(|_| written_by(users[0])).collect::<Vec<_>>());
    posts.iter().for_each(|&post| session[post].tags.push(tags[0]));
    session.commit().unwrap();
    assert_eq!((session[users[0]].posts.len(), session[tags[0]].posts.len()), (count, count));
    let stored = Stored { users, tags, posts };
    measure(|| {
        work(&mut session, &stored);
        session.commit().unwrap();
    })
    .bytes_total
}

/// Four times as many take four times the memory over all, not sixteen times.
#[test]
fn what_is_done_to_many_costs_the_same_for_each() {
    sync_form::run(Backend::Sqlite, |db| {
        db.create::<(User, Post, Tag)>();
        for (name, work) in WORKS {
            let [few, many] = [500, 2000].map(|count| bytes(&db.engine, work, count));
            assert!(many < 6 * few, "{name}: {few} bytes, and {many} for four times as many");
        }
    });
}
