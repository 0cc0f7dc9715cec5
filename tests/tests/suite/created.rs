//! `create!`: structs as literals, with what hangs on them.

use orm::create;
use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: Option<i32>,
    nick: Option<String>,
    #[model(default = 5)]
    stars: i16,
    home: Home,
    bio: Deferred<Option<String>>,
    face: Vec<u8>,
    #[model(created_at)]
    since: i64Moment,
    boss: Option<BelongsTo<Self>>,
    #[model(via = Post::AUTHOR)]
    posts: HasMany<Post>,
    #[model(via = Post::EDITOR)]
    edited: HasMany<Post>,
    profile: HasOne<Profile>,
    #[model(table = "friends")]
    friends: ManyToMany<Self>,
}

/// A moment that stands still.
#[derive(DbValue, Debug, PartialEq)]
#[expect(non_camel_case_types, reason = "it is one")]
struct i64Moment(i64);

impl orm::Now for i64Moment {
    fn now() -> Self {
        Self(7)
    }
}

#[derive(Embedded, Debug, PartialEq)]
struct Home {
    city: String,
    zip: Option<i32>,
    place: Place,
}

#[derive(Embedded, Debug, PartialEq, Default)]
struct Place {
    x: f64,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
    editor: Option<BelongsTo<User>>,
    title: String,
    tags: ManyToMany<Tag>,
}

#[derive(Model, Debug)]
#[model(table = "profiles")]
struct Profile {
    #[model(key)]
    user: BelongsTo<User>,
    r#type: String,
}

#[derive(Model, Debug)]
#[model(table = "tags")]
struct Tag {
    #[model(key)]
    word: String,
    #[model(via = Post::TAGS)]
    posts: ManyToMany<Post>,
}

fn home() -> Home {
    Home { city: "Ulm".to_owned(), zip: None, place: Place::default() }
}

/// What is not given is as `new` has it, and what is given is made what the field holds.
#[test]
fn fields_come_in_any_order() {
    let fields = "Ann";
    let slots = [1_u8, 2];
    let user = create!(User {
        home: Home { place: (Place { x: 1.5 }), city: 'U' },
        face: slots,
        name: fields,
        nick: if slots.len() > 1 { Some("A".to_owned()) } else { None },
        bio: "long",
        age: 30,
    });
    assert_eq!((user.name.as_str(), user.age, user.nick.as_deref()), ("Ann", Some(30), Some("A")));
    assert_eq!((user.stars, user.since, user.face), (5, i64Moment(7), vec![1, 2]));
    assert_eq!(user.home, Home { city: "U".to_owned(), zip: None, place: Place { x: 1.5 } });
    assert_eq!(user.bio.get().unwrap().as_deref(), Some("long"));
    assert!(user.boss.is_none() && user.posts.is_empty() && user.posts.is_loaded());
    let (name, age, stars) = ("Bob", None, 3);
    let user = create!(User { name, age, stars, face: [], home: home(), nick: "B", friends: [] });
    assert_eq!((user.name.as_str(), user.age, user.nick.as_deref(), user.stars), ("Bob", None, Some("B"), 3));
}

/// [CAS-7] What is written in a relation refers to the struct around it; the reference is left out, and unset until then.
#[test]
fn relations_are_written_in_place() {
    let user = create!(User {
        name: "Ann",
        home: home(),
        face: vec![],
        posts: [Post { title: "one", tags: [Tag { word: "new" }, Tag::new("news")] }, Post { title: "two" }],
        edited: [],
        friends: vec![User::new("Bob", home(), "")],
        profile: Profile { r#type: "plain" },
    });
    assert_eq!((user.posts.len(), user.edited.len(), user.friends.len()), (2, 0, 1));
    let text =
        format!("{:?}", create!(Tag { word: "x", posts: [Post { title: "y", author: BelongsTo::key(1) }] }));
    assert!(text.contains("word: \"x\""), "{text}");
}

impl Tag {
    /// A literal inside the struct's own methods, too.
    fn of(word: &str) -> Self {
        create!(Self { word, posts: Vec::<Post>::new() })
    }
}

#[both_forms]
mod created {
    use super::*;

    /// [CAS-7] A literal is added with all that is written in it, and entities that are there are linked.
    #[case]
    async fn a_graph_is_added_as_one(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let news = session.add(Tag::of("news"));
        let bob = session.add(create!(User { name: "Bob", home: home(), face: "" }));
        let draft = session.add(Post::new(bob, "draft"));
        let ann = session.add(create!(User {
            name: "Ann",
            home: home(),
            face: [0; 3],
            boss: bob,
            posts: [Post { title: "Hello", editor: bob }, draft, Post { title: "Bye" }],
            profile: Profile { r#type: "plain" },
        }));
        session.commit().await.unwrap();
        let posts = session.rows(Post::select().order_by(Post::TITLE)).await.unwrap();
        let titles: Vec<_> =
            posts.iter().map(|post| (post.title.as_str(), post.author.get().copied())).collect();
        let id = session[ann].id;
        assert_eq!(titles, [("Bye", Some(id)), ("Hello", Some(id)), ("draft", Some(id))]);
        let profile = session.one(Profile::select()).await.unwrap();
        assert_eq!(session[profile].user.get(), Some(&id));
        assert_eq!(session[ann].boss.as_ref().unwrap().get(), Some(&session[bob].id));
        let _ = news;
    }
}
