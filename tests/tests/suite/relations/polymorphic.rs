//! A row that belongs to a row of one of several models.

use orm::{BelongsToAny, ErrorKind, create, dialect};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

#[derive(BelongsToAny, Debug)]
enum Subject {
    Post(BelongsTo<Post>),
    Photo(BelongsTo<Photo>),
}

#[derive(Model, Debug)]
#[model(table = "comments")]
struct Comment {
    #[model(key, auto)]
    id: i64,
    text: String,
    #[model(any, index)]
    subject: Subject,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    #[model(via = Comment::SUBJECT.to(Subject::POST), cascade = "delete")]
    comments: HasMany<Comment>,
    #[model(via = Note::ABOUT.to(Subject::POST))]
    notes: HasMany<Note>,
}

/// Its key has two columns.
#[derive(Model, Debug)]
#[model(table = "photos")]
struct Photo {
    #[model(key)]
    album: String,
    #[model(key)]
    number: i64,
    #[model(via = Comment::SUBJECT.to(Subject::PHOTO), cascade = "delete")]
    comments: HasMany<Comment>,
}

/// About at most one.
#[derive(Model, Debug)]
#[model(table = "notes")]
struct Note {
    #[model(key, auto)]
    id: i64,
    text: String,
    #[model(any, on_delete = "set_null")]
    about: Option<Subject>,
}

#[test]
fn each_variant_is_a_foreign_key() {
    let sql = Metadata::of::<(Comment, Note)>()
        .create_sql(&dialect::Sqlite)
        .unwrap()
        .join("\n")
        .replace(['"', '`'], "");
    for words in [
        "subject_post_id INTEGER,",
        "subject_photo_album TEXT,",
        "FOREIGN KEY (subject_post_id) REFERENCES posts (id)",
        "FOREIGN KEY (subject_photo_album, subject_photo_number) REFERENCES photos (album, number)",
        "CONSTRAINT comments_subject_check CHECK (CASE WHEN subject_post_id IS NULL THEN 0 ELSE 1 END + CASE WHEN \
         subject_photo_album IS NULL AND subject_photo_number IS NULL THEN 0 WHEN subject_photo_album IS NOT NULL AND \
         subject_photo_number IS NOT NULL THEN 1 ELSE 2 END = 1)",
        "REFERENCES posts (id) ON DELETE SET NULL",
        "END <= 1)",
        "(subject_post_id)",
        "ON comments (subject_photo_album, subject_photo_number)",
    ] {
        assert!(sql.contains(words), "{words}\nis not in\n{sql}");
    }
}

#[both_forms]
mod forms {
    use super::*;

    /// A flush that is refused before anything is sent leaves a reference to the model that it led to.
    #[case]
    async fn a_refused_flush_leaves_it_alone(db: Db) {
        db.create::<(Comment, Note)>().await;
        let mut session = db.session();
        let (post, photo) = (session.add(Post::new("p")), session.add(Photo::new("a", 1)));
        let comment = session.add(Comment::new("c", Subject::Post(post.into())));
        session.commit().await.unwrap();
        session.load(comment).await.unwrap();
        session.load(photo).await.unwrap();
        let lost = session.add(Post::new("lost"));
        let wrong = session.add(Comment::new("w", Subject::Post(lost.into())));
        session.detach(lost).unwrap();
        session[photo].comments.push(comment);
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::Detached);
        assert!(matches!(&session[comment].subject, Subject::Post(to) if to.try_entity().unwrap() == post));
        session[photo].comments.remove(comment);
        session[wrong].subject = Subject::Post(post.into());
        session.commit().await.unwrap();
        session.refresh(comment).await.unwrap();
        assert!(matches!(&session[comment].subject, Subject::Post(to) if to.get().is_some()));
    }

    fn sent(db: &Db) -> Vec<String> {
        let first =
            |sql: &String| sql.replace(['"', '`'], "").split(' ').take(3).collect::<Vec<_>>().join(" ");
        db.trace.take_statements().iter().map(first).collect()
    }

    /// What is referred to is inserted first; the enum is read as one.
    #[case]
    async fn new_rows_refer_to_new_rows(db: Db) {
        db.create::<Comment>().await;
        let mut session = db.session();
        let early =
            session.add(Comment { id: 0, text: "early".into(), subject: BelongsTo::<Post>::unset().into() });
        let post = session.add(Post::new("A post"));
        session[early].subject = post.into();
        let photo = session.add(Photo::new("summer", 7));
        let late = session.add(Comment::new("late", photo));
        session.commit().await.unwrap();
        drop(session);

        let mut session = db.session();
        let comments = session.all(Comment::select().order_by(Comment::ID)).await.unwrap();
        let shown = |session: &Session, comment: Entity<Comment>| match &session[comment].subject {
            Subject::Post(post) => format!("post {}", post.get().unwrap()),
            Subject::Photo(photo) => format!("photo {:?}", photo.get().unwrap()),
        };
        assert_eq!(shown(&session, comments[0]), "post 1");
        assert_eq!(shown(&session, comments[1]), "photo (\"summer\", 7)");
        let _ = late;
    }

    /// One UPDATE changes from one variant to the other, and back by a rollback.
    #[case]
    async fn a_reference_changes_its_model(db: Db) {
        db.create::<Comment>().await;
        let mut session = db.session();
        let post = session.add(Post::new("A post"));
        let comment = session.add(Comment::new("x", post));
        session.commit().await.unwrap();
        session.load_with(post, Post::COMMENTS).await.unwrap();
        session.get::<Comment>(session[comment].id).await.unwrap();

        db.trace.take();
        let photo = session.add(Photo::new("summer", 7));
        session[comment].subject = photo.into();
        session.flush().await.unwrap();
        assert_eq!(sent(&db), ["INSERT INTO photos", "UPDATE comments SET"]);
        assert!(session[post].comments.is_empty());
        session.rollback().await.unwrap();
        let found = session.load_with(post, Post::COMMENTS).await.unwrap().comments.to_vec();
        assert_eq!(found, [comment]);
        session.get::<Comment>(session[comment].id).await.unwrap();
        assert!(matches!(&session[comment].subject, Subject::Post(post) if post.get() == Some(&1)));

        let photo = session.add(Photo::new("summer", 8));
        session[comment].subject = photo.into();
        session.commit().await.unwrap();
        let posts =
            session.rows(Comment::select().filter(Comment::SUBJECT.to(Subject::POST).is_not_null())).await;
        assert!(posts.unwrap().is_empty());
        let found =
            session.rows(Comment::select().filter(Comment::SUBJECT.to(Subject::PHOTO).eq(photo))).await;
        assert_eq!(found.unwrap().len(), 1);
    }

    /// The collections of both sides write the same enum, and moving into one takes out of the other.
    #[case]
    async fn collections_of_each_side(db: Db) {
        db.create::<Comment>().await;
        let mut session = db.session();
        let post = session.add(create!(Post { title: "A post", comments: [Comment { text: "first" }] }));
        let photo = session.add(Photo::new("summer", 7));
        session[photo].comments.push(create!(Comment { text: "second", subject: post }));
        session.commit().await.unwrap();
        drop(session);

        let mut session = db.session();
        let post = session.all(Post::select().with(Post::COMMENTS)).await.unwrap()[0];
        let photo = session.all(Photo::select().with(Photo::COMMENTS.joined())).await.unwrap()[0];
        let texts = |session: &Session, comments: Vec<Entity<Comment>>| {
            comments.into_iter().map(|comment| session[comment].text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&session, session[post].comments.to_vec()), ["first"]);
        assert_eq!(texts(&session, session[photo].comments.to_vec()), ["second"]);

        // Moved.
        let first = session[post].comments.get(0).unwrap();
        session[photo].comments.push(first);
        session.flush().await.unwrap();
        assert!(matches!(&session[first].subject, Subject::Photo(to) if to.entity() == photo));
        assert!(session[post].comments.is_empty());
        assert_eq!(session[photo].comments.len(), 2);
        session.commit().await.unwrap();

        // What must belong to something cannot only be taken out.
        session.load_with(photo, Photo::COMMENTS).await.unwrap();
        session[photo].comments.remove(first);
        let error = session.flush().await.unwrap_err();
        assert_says(&error, &["Comment"]);
        session.rollback().await.unwrap();

        // Deleted with what it belongs to.
        session.delete(photo).unwrap();
        session.commit().await.unwrap();
        assert!(session.rows(Comment::select()).await.unwrap().is_empty());
    }

    /// An `Option` of it may be empty, and becomes so when it is taken out and when the row goes.
    #[case]
    async fn an_option_may_be_empty(db: Db) {
        db.create::<(Note, Comment)>().await;
        let mut session = db.session();
        let post = session.add(Post::new("A post"));
        let none = session.add(Note::new("nothing"));
        let note = session.add(create!(Note { text: "x", about: post }));
        session.commit().await.unwrap();
        let notes =
            session.all(Note::select().with(Note::ABOUT.to(Subject::POST)).order_by(Note::ID)).await.unwrap();
        assert!(session[none].about.is_none());
        assert!(matches!(&session[notes[1]].about, Some(Subject::Post(to)) if to.entity() == post));

        session.load_with(post, Post::NOTES).await.unwrap();
        session[post].notes.remove(note);
        session.commit().await.unwrap();
        let empty = Note::ABOUT.to(Subject::POST).is_null();
        assert_eq!(session.rows(Note::select().filter(empty)).await.unwrap().len(), 2);

        session.load_with(post, Post::NOTES).await.unwrap();
        session[post].notes.push(note);
        session.commit().await.unwrap();
        session.delete(post).unwrap();
        session.commit().await.unwrap();
        let about = session.rows(Note::select()).await.unwrap();
        assert!(about.iter().all(|note| note.about.is_none()));
    }

    /// Along one variant it is loaded, joined and filtered as any other reference.
    #[case]
    async fn queries_follow_one_variant(db: Db) {
        db.create::<Comment>().await;
        let mut session = db.session();
        let [one, two] = ["one", "two"].map(|title| session.add(Post::new(title)));
        let photo = session.add(Photo::new("summer", 7));
        session.add(Comment::new("a", one));
        session.add(Comment::new("b", two));
        session.add(Comment::new("c", photo));
        session.commit().await.unwrap();
        drop(session);

        const POST: orm::ToOne<Comment, Post> = Comment::SUBJECT.to(Subject::POST);
        const PHOTO: orm::ToOne<Comment, Photo> = Comment::SUBJECT.to(Subject::PHOTO);
        let mut session = db.session();
        for query in [
            Comment::select().with(POST).with(PHOTO),
            Comment::select().with(POST.joined()).with(PHOTO.joined()),
        ] {
            session.expunge_all();
            db.trace.take();
            let comments = session.all(query.order_by(Comment::ID)).await.unwrap();
            assert!(sent(&db).len() <= 3);
            let title = |comment: &Entity<Comment>| match &session[*comment].subject {
                Subject::Post(post) => session[post.entity()].title.clone(),
                Subject::Photo(photo) => session[photo.entity()].album.clone(),
            };
            assert_eq!(comments.iter().map(title).collect::<Vec<_>>(), ["one", "two", "summer"]);
        }
        let texts = |condition: orm::Condition| Comment::select().filter(condition).order_by(Comment::ID);
        let found = session.rows(texts(POST.has(Post::TITLE.eq("two")))).await.unwrap();
        assert_eq!(found[0].text, "b");
        assert_eq!(found.len(), 1);
        let found = session.rows(texts(PHOTO.eq(BelongsTo::key(("summer".to_owned(), 7))))).await.unwrap();
        assert_eq!(found[0].text, "c");
        let found = session.rows(Comment::select().join(POST).order_by(Post::TITLE.desc())).await.unwrap();
        assert_eq!(found.iter().map(|comment| comment.text.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let found =
            session.rows(Post::select().filter(Post::COMMENTS.any(Comment::TEXT.eq("a")))).await.unwrap();
        assert_eq!(found[0].title, "one");
    }

    /// The database refuses rows with none or several, and where it does not check, reading one is an error that names the model.
    #[case]
    async fn rows_that_no_enum_can_hold(db: Db) {
        db.create::<Comment>().await;
        let mut session = db.session();
        session.add(Post::new("A post"));
        session.add(Photo::new("summer", 7));
        session.commit().await.unwrap();
        for columns in [
            "(text) VALUES ('x')",
            "(text, subject_post_id, subject_photo_album, subject_photo_number) VALUES ('x', 1, 'summer', 7)",
        ] {
            let error = db.try_script(&format!("INSERT INTO comments {columns}")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CheckViolation);
        }
        session.add(Comment { id: 0, text: "x".into(), subject: BelongsTo::<Post>::unset().into() });
        let error = session.flush().await.unwrap_err();
        assert_says(&error, &["Comment", "subject_post_id", "never set"]);
        session.rollback().await.unwrap();
        drop(session);

        db.script("DROP TABLE comments; CREATE TABLE comments (id BIGINT PRIMARY KEY, text TEXT NOT NULL, subject_post_id BIGINT, \
             subject_photo_album TEXT, subject_photo_number BIGINT); INSERT INTO comments VALUES (1, 'x', NULL, NULL, NULL)")
            .await;
        let mut session = db.session();
        let error = session.all(Comment::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_says(&error, &["Comment", "none of the references of Subject"]);
        session.rollback().await.unwrap();
        db.script("UPDATE comments SET subject_post_id = 1, subject_photo_album = 'summer', subject_photo_number = 7").await;
        let error = session.all(Comment::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_says(&error, &["Comment", "several of the references of Subject"]);
    }
}
