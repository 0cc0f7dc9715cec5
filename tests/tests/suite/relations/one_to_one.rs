//! At most one: what is there is let go before another one takes its place.

use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    profile: HasOne<Profile>,
    #[model(cascade = "delete_orphan")]
    card: HasOne<Card>,
    #[model(cascade = "delete_orphan")]
    badge: HasOne<Badge>,
}

#[derive(Model, Debug)]
#[model(table = "profiles")]
struct Profile {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    user: Option<BelongsTo<User>>,
    text: String,
}

/// An orphan whose reference can be empty.
#[derive(Model, Debug)]
#[model(table = "cards")]
struct Card {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    user: Option<BelongsTo<User>>,
}

/// An orphan whose reference cannot.
#[derive(Model, Debug)]
#[model(table = "badges")]
struct Badge {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    user: BelongsTo<User>,
}

#[both_forms]
mod forms {
    use super::*;

    fn sent(db: &Db) -> Vec<String> {
        let first = |sql: &String| {
            sql.replace(['"', '`'], "")
                .replace(" AS t SET", " SET")
                .split(' ')
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
        };
        db.trace.take_statements().iter().map(first).collect()
    }

    /// [REL-5] Assigning sends nothing; the flush reads who is there, lets it go, and only then writes the new one: a new row, or one
    /// that was somebody else's, whose key comes before or behind.
    #[case]
    async fn the_old_one_lets_go_first(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let free = session.add(Profile::new("free"));
        session.flush().await.unwrap();
        let ann = session.add(User { profile: Profile::new("first").into(), ..User::new("Ann") });
        session.commit().await.unwrap();
        let first = session.load_with(ann, User::PROFILE).await.unwrap().profile.get().unwrap();
        drop(session);

        let mut session = db.session();
        let ann = session.all(User::select()).await.unwrap()[0];
        db.trace.take();
        session[ann].profile.set(Profile::new("second"));
        assert!(sent(&db).is_empty());
        session.commit().await.unwrap();
        let said = sent(&db);
        assert_eq!(said, ["SELECT id, user_id,", "UPDATE profiles SET", "INSERT INTO profiles"]);
        let second = session.load_with(ann, User::PROFILE).await.unwrap().profile.get().unwrap();
        assert_eq!(session[second].text, "second");
        let _ = (free, first);

        // One with a lesser key takes the place of one with a greater key, and loaded ones cost no SELECT.
        let free = session.all(Profile::select().filter(Profile::TEXT.eq("free"))).await.unwrap()[0];
        db.trace.take();
        session[ann].profile.set(free);
        session.flush().await.unwrap();
        assert_eq!(sent(&db), ["UPDATE profiles SET", "UPDATE profiles SET"]);
        assert!(session[second].user.is_none());
        session.rollback().await.unwrap();
        assert_eq!(session[ann].profile.get(), Some(second));

        // From the child's side.
        session.load_with(ann, User::PROFILE).await.unwrap();
        session.get::<Profile>(session[free].id).await.unwrap();
        db.trace.take();
        session[free].user = ann.into();
        session.commit().await.unwrap();
        assert_eq!(sent(&db), ["UPDATE profiles SET", "UPDATE profiles SET"]);
        assert_eq!(session[ann].profile.get(), Some(free));
        assert!(session[second].user.is_none());

        // Emptied.
        session.load_with(ann, User::PROFILE).await.unwrap();
        session[ann].profile.clear();
        session.commit().await.unwrap();
        let left = session.all(Profile::select().filter(Profile::USER.is_not_null())).await.unwrap();
        assert!(left.is_empty());
    }

    /// [REL-5] Two change places: both let go first.
    #[case]
    async fn two_change_places(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = ["a", "b"]
            .map(|name| session.add(User { profile: Profile::new(name).into(), ..User::new(name) }));
        session.commit().await.unwrap();
        session.load_with_all(&users, User::PROFILE).await.unwrap();
        let [one, two] = users.map(|user| session[user].profile.get().unwrap());
        db.trace.take();
        session[users[0]].profile.set(two);
        session[users[1]].profile.set(one);
        session.commit().await.unwrap();
        assert_eq!(sent(&db), ["UPDATE profiles SET", "UPDATE profiles SET"]);
        session.load_with_all(&users, User::PROFILE).await.unwrap();
        assert_eq!(users.map(|user| session[user].profile.get()), [Some(two), Some(one)]);
    }

    /// [REL-5] [CAS-4] An orphan lets go of its key, or is deleted before the new one is inserted where it cannot.
    #[case]
    async fn orphans_make_room(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let ann = session.add(User { card: Card::new().into(), ..User::new("Ann") });
        session[ann].badge.set(Badge::new(ann));
        session.commit().await.unwrap();
        session.load_with(ann, User::CARD).await.unwrap();
        session.load_with(ann, User::BADGE).await.unwrap();
        db.trace.take();
        session[ann].card.set(Card::new());
        session.flush().await.unwrap();
        assert_eq!(sent(&db), ["UPDATE cards SET", "INSERT INTO cards", "DELETE FROM cards"]);
        session[ann].badge.set(Badge::new(ann));
        session.flush().await.unwrap();
        assert_eq!(sent(&db), ["DELETE FROM badges", "INSERT INTO badges"]);
        session.commit().await.unwrap();
        assert_eq!(session.all(Card::select()).await.unwrap().len(), 1);
        assert_eq!(session.all(Badge::select()).await.unwrap().len(), 1);
        session.delete(ann).unwrap();
        session.commit().await.unwrap();
        assert!(session.all(Badge::select()).await.unwrap().is_empty());
    }
}
