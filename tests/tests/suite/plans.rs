//! `session.plan()`: what a flush would send, and why.

use orm_tests::both_forms;
use orm_tests::prelude::*;

use crate::models::{Account, Entry, Node, Post, User};

#[both_forms]
mod plans {
    use super::*;

    #[case]
    async fn a_plan_says_what_and_why_and_sends_nothing(db: Db) {
        db.create::<(Post, Node)>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob"), User::new("Carol")]);
        let post = session.add(Post::new("Hello", users[1]));
        session.commit().await.unwrap();
        assert_eq!(session.plan().unwrap().to_string(), "nothing to flush");

        session[users[0]].age = Some(31);
        session[users[0]].name = "Alicia".to_owned();
        let dave = session.add(User::new("Dave"));
        session.add(Post::new("Hi", dave));
        session.add(Post::new("Ho", users[0]));
        session.delete(post).unwrap();
        session.delete(users[1]).unwrap();
        db.trace.take();
        let plan = session.plan().unwrap();
        assert_eq!(
            plan.to_string(),
            "\
1. UPDATE users SET name, age: 1 row
   User with key 1: name: 'Alice' -> 'Alicia', age: NULL -> 31
2. INSERT INTO users (name, age): 1 row
   User (new)
3. INSERT INTO posts (title, author_id): 2 rows; after new rows of users, to which author_id refers
   Post (new): author_id: the key of a new User
   Post (new)
4. DELETE FROM posts: 1 row; before rows of users go, to which author_id refers
   Post with key 1
5. DELETE FROM users: 1 row
   User with key 2"
        );
        assert_eq!(plan.batches()[2].rows.len(), 2);
        assert_eq!(plan, session.plan().unwrap(), "asking changes nothing");
        assert!(db.trace.take().is_empty());
        session.commit().await.unwrap();
        let words: Vec<_> = db.trace.take_statements().iter().map(|sql| sql[..11].to_owned()).collect();
        assert_eq!(words, ["UPDATE \"use", "INSERT INTO", "INSERT INTO", "DELETE FROM", "DELETE FROM"]);
    }

    /// [CYC-1] [CYC-3]
    #[case]
    async fn rows_that_refer_to_each_other_are_explained(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let left = session.add(Node::new("left"));
        let right = session.add(Node { parent: Some(left.into()), ..Node::new("right") });
        session[left].parent = Some(right.into());
        let plan = session.plan().unwrap().to_string();
        assert!(
            plan.contains("the rows were inserted without it, because they refer to each other"),
            "{plan}"
        );
        session.commit().await.unwrap();
        session.delete(left).unwrap();
        session.delete(right).unwrap();
        let plan = session.plan().unwrap().to_string();
        assert!(plan.contains("the rows are about to be deleted, and refer to each other"), "{plan}");
        session.commit().await.unwrap();
    }

    /// [FLU-15]
    #[case]
    async fn a_row_that_is_taken_over_is_named(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session.delete(alice).unwrap();
        session.add(User { id: 1, ..User::new("Anna") });
        let plan = session.plan().unwrap().to_string();
        let expected = "1. UPDATE users SET name: 1 row\n   User (new), which takes over the row with key 1: name: 'Anna'";
        assert_eq!(plan, expected);
        session.commit().await.unwrap();
    }

    /// A plan that was looked at decides nothing: what is changed behind it counts as if it had not been made.
    #[case]
    async fn a_plan_leaves_no_trace(db: Db) {
        db.create::<(Entry, User)>().await;
        let mut session = db.session();
        let account = session.add(Account::new("a", 0));
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        session.commit().await.unwrap();

        let entry = session.add(Entry::new(account, 5));
        session.set(alice, User::AGE, User::AGE + 1).unwrap();
        session[alice].age = Some(99);
        session.plan().unwrap();
        assert!(session[entry].account.get().is_none());
        session[account].code = "b".to_owned();
        session[alice].age = Some(30);
        session.commit().await.unwrap();
        assert_eq!(session[alice].age, Some(31));
        assert_eq!(session[entry].account.get().unwrap(), "b");
    }

    /// [ENG-9] Where parameters are hidden, so are values and keys.
    #[case]
    async fn values_are_hidden_where_parameters_are(db: Db) {
        db.create::<User>().await;
        let engine = Engine::builder(&db.database.url).unwrap().hide_parameters(true).open();
        let mut session = engine.session();
        let alice = session.add(User { id: 4711, ..User::new("Alice") });
        session.commit().await.unwrap();
        session[alice].name = "secret".to_owned();
        let plan = session.plan().unwrap().to_string();
        assert_eq!(plan, "1. UPDATE users SET name: 1 row\n   User with a hidden key: name");
        session.add(User { id: 4711, ..User::new("Bob") });
        let error = session.plan().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityConflict);
        assert!(!error.to_string().contains("4711"), "{error}");
    }

    /// A mistake is told before anything is sent.
    #[case]
    async fn a_plan_fails_as_the_flush_would(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.rollback().await.unwrap();
        session.add(Post::new("Hello", alice));
        let error = session.plan().unwrap_err();
        assert_eq!(error.kind(), session.flush().await.unwrap_err().kind());
    }
}
